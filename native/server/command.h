// SPDX-License-Identifier: MIT
// What JavaScript asks for, in the layout that lib/outbox.ts writes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wss::server {

struct Command {
  std::int32_t connectionId;
  std::int32_t kind;  ///< an opcode to send, perhaps with kUncompressed or kGathered, or one of the
                      ///< kAnswer values, with a status above bit 8
  std::int32_t
      offset;  ///< of the payload in the arena; a message has room for its header before it
  std::int32_t length;
};
static_assert(sizeof(Command) == 16);

/// What of a kind is neither of the following nor a number above them.
inline constexpr std::int32_t kKindMask = 0x3f;
/// Added to an opcode: the message is sent as it is, whatever has been negotiated.
inline constexpr std::int32_t kUncompressed = 0x40;
/// Added to an opcode: the payload is to be brought to `offset` from where payloads were written
/// one after the other: from the offset above bit 8, or, if that is 0, from where the one before
/// ends.
inline constexpr std::int32_t kGathered = 0x80;
inline constexpr unsigned kGatheredShift = 8;
/// The answer to ConnectionRequest; length: 1 to accept, 0 to refuse.
inline constexpr std::int32_t kAnswerConnection = 16;
/// The answer to WebSocketOpenRequest; fields: subprotocol, header lines; status in bits 8…
inline constexpr std::int32_t kAnswerOpen = 17;

/// Whether a whole message or control frame of `size` bytes may be sent with this opcode.
bool isSendable(std::int32_t opcode, std::size_t size);

}  // namespace wss::server
