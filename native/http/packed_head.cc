// SPDX-License-Identifier: MIT
#include "http/packed_head.h"

#include <algorithm>
#include <array>

#include "http/header.h"

namespace wss::http {
namespace {

/// Whole lines, or beginnings of lines. Each is replaced by the control character whose code is its
/// place, from 1 on; a head has none of those. Whole lines come before their own beginnings.
constexpr auto kPhrases = std::to_array<std::string_view>({
    "Upgrade: websocket\r\n",
    "Connection: Upgrade\r\n",
    "Sec-WebSocket-Version: 13\r\n",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
    "Sec-WebSocket-Key: ",
    "Host: ",
    "Origin: http",
    "User-Agent: Mozilla/5.0 (",
});
// HTAB is the first control character that a head may have.
static_assert(kPhrases.size() < '\t');

constexpr char kUriEnd = '\n';

}  // namespace

PackedHead::PackedHead(std::string_view uri, std::string_view headers) {
  std::string packed(uri);
  packed.push_back(kUriEnd);
  while (!headers.empty()) {
    const std::size_t size = std::min(headers.find(kLineEnd) + kLineEnd.size(), headers.size());
    std::string_view line = headers.substr(0, size);
    headers.remove_prefix(size);
    for (std::size_t index = 0; index < kPhrases.size(); ++index) {
      if (!line.starts_with(kPhrases[index])) continue;
      packed.push_back(static_cast<char>(index + 1));
      line.remove_prefix(kPhrases[index].size());
      break;
    }
    packed.append(line);
  }
  size_ = static_cast<std::uint32_t>(packed.size());
  bytes_.reset(new char[size_]);
  std::copy(packed.begin(), packed.end(), bytes_.get());
}

std::string PackedHead::uri() const {
  return std::string(packed().substr(0, packed().find(kUriEnd)));
}

std::string PackedHead::headers() const {
  std::string headers;
  if (empty()) return headers;
  for (const char c : packed().substr(packed().find(kUriEnd) + 1)) {
    const auto place = static_cast<std::size_t>(static_cast<unsigned char>(c));
    if (place >= 1 && place <= kPhrases.size()) {
      headers.append(kPhrases[place - 1]);
    } else {
      headers.push_back(c);
    }
  }
  return headers;
}

}  // namespace wss::http
