// SPDX-License-Identifier: MIT
#include "client/content.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "ws/deflate.h"

namespace wss::client {
namespace {

constexpr std::size_t kDigits = 6;
constexpr unsigned kBitsPerDigit = 6;
constexpr char kZero = '0';  // and 63 more from there on, all of them ASCII and visible

void writeDigits(char* place, std::uint64_t number) {
  for (std::size_t i = 0; i < kDigits; ++i) {
    place[i] = static_cast<char>(kZero + (number >> (i * kBitsPerDigit) & 0x3F));
  }
}

}  // namespace

Bytes Content::message(std::uint32_t connection, std::uint64_t number) {
  std::string& message = messages_[messages_.size() == 1 ? 0 : number % messages_.size()];
  if (stamped_) {
    char stamp[2 * kDigits];
    writeDigits(stamp, number);
    writeDigits(stamp + kDigits, connection);
    std::copy_n(stamp, std::min(message.size(), sizeof stamp), message.data());
  }
  return bytesOf(message);
}

Bytes Content::compressed(std::uint64_t number) {
  if (compressed_.empty()) {
    ws::Deflater deflater({});
    for (const std::string& message : messages_) {
      if (!deflater.compress(bytesOf(message), compressed_.emplace_back()).ok()) std::abort();
    }
  }
  return compressed_[number % compressed_.size()].bytes();
}

}  // namespace wss::client
