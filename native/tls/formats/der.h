// SPDX-License-Identifier: MIT
// Elements of ASN.1 one after the other, without decoding what is in them: to look at what
// something is before OpenSSL works on it. Internal to tls/.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace wss::tls {

/// The tags that are looked for (X.690 §8.1.2), each of one byte.
enum class Tag : std::uint8_t {
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kObject = 0x06,
  kSequence = 0x30,
  kSet = 0x31,
  kContext0 = 0xa0,
  kContext1 = 0xa1,
};

/// Reads DER, and of BER what differs in the form of lengths only. Owns nothing.
class DerReader {
 public:
  explicit DerReader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool atEnd() const { return rest_.empty(); }
  /// Whether the next element begins with `tag`.
  [[nodiscard]] bool isAt(Tag tag) const {
    return !rest_.empty() && rest_.front() == static_cast<std::uint8_t>(tag);
  }
  /// The contents of the next element; nothing, and the reader stays where it is, when it does not
  /// begin with `tag` or does not end within the bytes.
  std::optional<Bytes> take(Tag tag);
  /// The next element with its head, whatever it is.
  std::optional<Bytes> takeWhole();

 private:
  /// The sizes of what an element is made of.
  struct Extent {
    std::size_t head = 0;
    std::size_t contents = 0;
    std::size_t tail = 0;

    [[nodiscard]] std::size_t size() const { return head + contents + tail; }
  };
  /// `depth` is how deeply elements of indefinite length may be nested.
  static std::optional<Extent> extent(Bytes bytes, int depth = 16);

  Bytes rest_;
};

}  // namespace wss::tls
