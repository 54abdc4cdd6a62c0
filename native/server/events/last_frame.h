// SPDX-License-Identifier: MIT
// The frame with which a WebSocket ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ws/reader.h"

namespace wss::server {

/// Why a message is given up at MaxUnfinishedBytes.
inline constexpr std::string_view kUnfinishedReached = "MaxUnfinishedBytes has been reached";

/// What a peer ends a WebSocket with: a Close, or what breaks a rule. It is acted on once what came
/// before has been handled and answered, in one turn with it or not.
struct LastFrame {
  std::int32_t id;
  std::uint16_t code;
  bool failed;       ///< the peer broke a rule; else it sent a Close
  bool moreFollows;  ///< bytes came after it
  std::string reason;
  ws::Rule rule = ws::Rule::kNone;
  std::uint16_t ruleValue = 0;

  /// For the rule that `error` says was broken.
  static LastFrame of(std::int32_t id, const ws::Piece& error) {
    return {id,         error.closeCode, true, true, std::string(error.errorText),
            error.rule, error.ruleValue};
  }
};

/// Makes an error of a piece. False, for whoever takes pieces to return.
inline bool fail(ws::Piece& piece, ws::CloseCode code, std::string_view text,
                 ws::Rule rule = ws::Rule::kNone) {
  piece.closeCode = static_cast<std::uint16_t>(code);
  piece.errorText = text;
  piece.rule = rule;
  return false;
}

}  // namespace wss::server
