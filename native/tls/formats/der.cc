// SPDX-License-Identifier: MIT
#include "tls/formats/der.h"

namespace wss::tls {

std::optional<DerReader::Extent> DerReader::extent(Bytes bytes, int depth) {
  constexpr std::uint8_t kLong = 0x80;
  constexpr std::size_t kMostDigits = 4;
  constexpr std::size_t kEndOfContents = 2;  // Two zeros (X.690 §8.1.5).
  if (bytes.size() < 2) return std::nullopt;
  Extent found{.head = 2, .contents = bytes[1]};
  if (bytes[1] == kLong) {
    found = {.head = 2, .tail = kEndOfContents};
    for (;;) {
      const Bytes rest = bytes.subspan(found.head + found.contents);
      if (rest.size() < kEndOfContents) return std::nullopt;
      if (rest[0] == 0 && rest[1] == 0) return found;
      const std::optional<Extent> next = depth > 0 ? extent(rest, depth - 1) : std::nullopt;
      if (!next) return std::nullopt;
      found.contents += next->size();
    }
  }
  if (bytes[1] > kLong) {
    const std::size_t digits = bytes[1] - kLong;
    if (digits > kMostDigits || digits > bytes.size() - 2) return std::nullopt;
    found = {.head = 2 + digits};
    for (const std::uint8_t digit : bytes.subspan(2, digits)) {
      found.contents = found.contents << 8U | digit;
    }
  }
  if (found.contents > bytes.size() - found.head) return std::nullopt;
  return found;
}

std::optional<Bytes> DerReader::take(Tag tag) {
  const std::optional<Extent> found = isAt(tag) ? extent(rest_) : std::nullopt;
  if (!found) return std::nullopt;
  const Bytes contents = rest_.subspan(found->head, found->contents);
  rest_ = rest_.subspan(found->size());
  return contents;
}

std::optional<Bytes> DerReader::takeWhole() {
  const std::optional<Extent> found = extent(rest_);
  if (!found) return std::nullopt;
  const Bytes whole = rest_.first(found->size());
  rest_ = rest_.subspan(whole.size());
  return whole;
}

}  // namespace wss::tls
