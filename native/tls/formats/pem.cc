// SPDX-License-Identifier: MIT
#include "tls/formats/pem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/text.h"

namespace wss::tls {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

bool isSpace(char c) { return kWhiteSpace.find(c) != std::string_view::npos; }

/// Takes the header from the start of `body`: the lines before an empty one, if there are any.
std::string takeHeader(std::string_view& body) {
  if (body.find(':') == std::string_view::npos) return {};
  std::string header;
  while (!body.empty()) {
    std::string_view line = takeUntil(body, "\n");
    while (!line.empty() && isSpace(line.back())) line.remove_suffix(1);
    if (line.empty() && !header.empty()) break;
    if (!line.empty()) header.append(line).append("\n");
  }
  return header;
}

/// Base64 with spaces anywhere; false when it is none.
bool decode(std::string_view text, std::vector<std::uint8_t>& data) {
  constexpr std::size_t kQuantum = 4;
  std::vector<std::uint8_t> digits;
  digits.reserve(text.size());  // It must not move: what it left behind would not be wiped.
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return !isSpace(c); });
  const auto padding = std::ranges::find(digits, '=');
  const auto padded = static_cast<std::size_t>(digits.end() - padding);
  bool decoded = digits.size() % kQuantum == 0 && padded <= 2 &&
                 std::all_of(padding, digits.end(), [](auto c) { return c == '='; });
  if (decoded) {
    data.resize(digits.size() / kQuantum * 3);
    decoded = EVP_DecodeBlock(data.data(), digits.data(), static_cast<int>(digits.size())) ==
              static_cast<int>(data.size());
    data.resize(decoded ? data.size() - padded : 0);
  }
  OPENSSL_cleanse(digits.data(), digits.size());
  return decoded;
}

}  // namespace

PemBlock::~PemBlock() { OPENSSL_cleanse(data.data(), data.size()); }

bool PemReader::read(PemBlock& block) {
  const std::size_t begin = rest_.find(kBegin);
  if (begin == std::string_view::npos) return false;
  rest_.remove_prefix(begin + kBegin.size());
  const std::size_t bodyBegin = rest_.find(kDashes);
  const std::size_t end = rest_.find(kEnd);
  if (end == std::string_view::npos || bodyBegin >= end) return false;
  block.name = rest_.substr(0, bodyBegin);
  std::string_view body =
      rest_.substr(bodyBegin + kDashes.size(), end - bodyBegin - kDashes.size());
  rest_.remove_prefix(end + kEnd.size());
  const std::size_t close = rest_.find(kDashes);
  if (close == std::string_view::npos) return false;
  block.isDamaged = rest_.substr(0, close) != block.name;
  rest_.remove_prefix(close + kDashes.size());
  block.header = takeHeader(body);
  block.isDamaged = !decode(body, block.data) || block.isDamaged;
  return true;
}

}  // namespace wss::tls
