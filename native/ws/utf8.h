// SPDX-License-Identifier: MIT
// UTF-8 validation in pieces (RFC 3629): rejects overlong forms, surrogates and what lies above
// U+10FFFF at the first byte that cannot belong to a valid character (fail-fast).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace wss::ws {

/// The state of one text between two pieces; two bytes, freely copied.
class Utf8 {
 public:
  /// Of a text that nobody looks at: it may be anything, and is not said to be ASCII.
  static Utf8 unknown() {
    Utf8 text;
    text.ascii_ = false;
    return text;
  }
  /// Takes the next piece. False when the text is invalid; the state is then of no more use.
  bool feed(Bytes piece);
  /// Whether the text so far ends between two characters.
  [[nodiscard]] bool complete() const { return state_ == 0; }
  /// Whether every byte so far was below 0x80.
  [[nodiscard]] bool ascii() const { return ascii_; }

 private:
  std::uint8_t state_ = 0;  ///< of the machine in utf8.cc; 0 between two characters
  bool ascii_ = true;
};

/// How many bytes at the front of `text` are whole characters, before the first that is broken.
std::size_t validPrefix(Bytes text);

/// How many bytes at the end of `text`, which is valid but for its end, begin a character whose
/// rest is missing: 0 to 3.
std::size_t incompleteTail(Bytes text);

}  // namespace wss::ws
