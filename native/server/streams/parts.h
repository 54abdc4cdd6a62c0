// SPDX-License-Identifier: MIT
// A message that is sent in parts.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "ws/frame.h"
#include "ws/utf8.h"

namespace wss::server {

/// Why a text is not sent.
inline constexpr std::string_view kNotUtf8 = "the bytes are not UTF-8: send them as binary";

/// What they have in common.
struct Parts {
  bool isText;
  ws::Utf8 text;  ///< the state of a text between two parts

  static Parts of(ws::Opcode opcode) { return {opcode == ws::Opcode::kText, {}}; }
  /// False when it is a text, and not UTF-8 with this part.
  bool add(Bytes part, bool last) {
    return !isText || (text.feed(part) && (!last || text.complete()));
  }
};

}  // namespace wss::server
