// SPDX-License-Identifier: MIT
// What the native tests and the fuzzers compare the fast code with, written as plainly as it can
// be, and buffers of exact size, past whose end the address sanitizer sees every read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "server/topics/topic.h"
#include "ws/frame.h"

namespace wss::test {

/// A copy of bytes in a heap block that ends where they end.
class ExactBuffer {
 public:
  explicit ExactBuffer(Bytes bytes)
      : data_(std::make_unique<std::uint8_t[]>(bytes.size())), size_(bytes.size()) {
    if (size_ > 0) std::memcpy(data_.get(), bytes.data(), size_);
  }
  [[nodiscard]] MutableBytes bytes() { return {data_.get(), size_}; }
  [[nodiscard]] std::string_view text() { return textOf(bytes()); }

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_;
};

/// Bytes from hexadecimal digits; spaces do not count.
inline std::vector<std::uint8_t> unhex(std::string_view digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<std::uint8_t> bytes;
  std::size_t half = 0;
  unsigned value = 0;
  for (const char digit : digits) {
    if (digit == ' ') continue;
    value = value << 4 | static_cast<unsigned>(kDigits.find(digit));
    if (++half % 2 == 0) bytes.push_back(static_cast<std::uint8_t>(value));
  }
  return bytes;
}

inline std::string hexOf(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const std::uint8_t byte : bytes) {
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 0xF];
  }
  return digits;
}

enum class Utf8Verdict { kComplete, kIncomplete, kInvalid };

/// Decodes one code point after the other. Incomplete means that bytes could be added to make the
/// text valid.
inline Utf8Verdict plainUtf8(Bytes text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::uint32_t lead = text[at];
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC0 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF8 ? 4
                                           : 0;
    if (size == 0) return Utf8Verdict::kInvalid;

    // The code points that the bytes which are there leave possible.
    std::uint32_t least = size == 1 ? lead : lead & (0x7Fu >> size);
    std::uint32_t most = least;
    for (std::size_t i = 1; i < size; ++i) {
      const bool there = at + i < text.size();
      if (there && (text[at + i] & 0xC0) != 0x80) return Utf8Verdict::kInvalid;
      least = least << 6 | (there ? text[at + i] & 0x3Fu : 0);
      most = most << 6 | (there ? text[at + i] & 0x3Fu : 0x3F);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (most < kSmallest[size] || least > 0x10FFFF) return Utf8Verdict::kInvalid;
    if (least >= 0xD800 && most <= 0xDFFF) return Utf8Verdict::kInvalid;
    if (at + size > text.size()) return Utf8Verdict::kIncomplete;
    at += size;
  }
  return Utf8Verdict::kComplete;
}

inline std::vector<std::uint8_t> plainMask(Bytes bytes, ws::MaskKey key) {
  std::vector<std::uint8_t> masked;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    masked.push_back(static_cast<std::uint8_t>(bytes[i] ^ key.bytes[i % 4]));
  }
  return masked;
}

/// The rule of topics and patterns.
inline bool topicFits(std::string_view topic, std::string_view pattern) {
  while (!pattern.empty() && !topic.empty()) {
    const std::string_view wanted = server::takeToken(pattern);
    if (wanted == ">") return true;
    const std::string_view token = server::takeToken(topic);
    if (wanted != "*" && wanted != token) return false;
  }
  return pattern.empty() && topic.empty();
}

}  // namespace wss::test
