// SPDX-License-Identifier: MIT
// What JavaScript asks for: commands in memory that it writes, and payloads in another, the arena.
// The addon exports these numbers (addon/layout.cc) to lib/boundary/outbox.ts, which writes both;
// docs/boundary.md has the grammar. Nothing that is written there is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "http/answer.h"
#include "ws/frame.h"

namespace wss::server {

/// The head of the command memory: which of its integers is what.
inline constexpr std::size_t kCommandCount = 0;  ///< how many commands there are
inline constexpr std::size_t kTextsWait = 1;     ///< whether texts wait to be written to the arena
inline constexpr std::size_t kCommandStart = 4;  ///< where the commands begin

struct Command {
  std::int32_t connectionId;
  std::int32_t kind;  ///< an opcode to send, perhaps with kUncompressed or kGathered, or one of the
                      ///< answers; what it needs beside that is above kOperandShift
  std::int32_t
      offset;  ///< of the payload in the arena; before it a message has room for its header
  std::int32_t length;
};
static_assert(sizeof(Command) == 16);

/// What of a kind is neither of the following nor an operand.
inline constexpr std::int32_t kKindMask = 0x3f;
/// Added to an opcode: the message is sent as it is, whatever has been negotiated.
inline constexpr std::int32_t kUncompressed = 0x40;
/// Added to an opcode: the payload is to be brought to `offset` from where payloads were written
/// one after the other: from the offset that is the operand, or, if that is 0, from where the one
/// before ends.
inline constexpr std::int32_t kGathered = 0x80;
/// The answer to ConnectionRequest; length: 1 to accept, 0 to refuse.
inline constexpr std::int32_t kAnswerConnection = 16;
/// The answer to WebSocketOpenRequest; operand: the status; payload: a list of texts
/// (server/events/fields.h), which are the subprotocol, header lines, and perhaps a body.
inline constexpr std::int32_t kAnswerOpen = 17;
/// What is published from here on, until another comes: connectionId: what the promise of the next
/// publication is known by; payload: the topic.
inline constexpr std::int32_t kTopic = 18;
/// A message to all who are subscribed to the topic that was given last; to all there are, if that
/// is empty. operand: the opcode; connectionId: who does not get it, or 0.
inline constexpr std::int32_t kPublish = 19;
/// Added to kPublish: it is for those who get envelopes (Connection::getsEnvelopes()) alone;
/// without it, for the others alone.
inline constexpr std::int32_t kEnveloped = 0x80;
/// Where the operand of a kind begins.
inline constexpr unsigned kOperandShift = 8;

/// Whether it is the opcode of a whole message.
constexpr bool isData(std::int32_t opcode) {
  return opcode == static_cast<std::int32_t>(ws::Opcode::kText) ||
         opcode == static_cast<std::int32_t>(ws::Opcode::kBinary);
}

/// Whether a whole message or control frame of `size` bytes may be sent with this opcode.
constexpr bool isSendable(std::int32_t opcode, std::size_t size) {
  switch (opcode) {
    case static_cast<std::int32_t>(ws::Opcode::kText):
    case static_cast<std::int32_t>(ws::Opcode::kBinary):
      return true;
    case static_cast<std::int32_t>(ws::Opcode::kPing):
    case static_cast<std::int32_t>(ws::Opcode::kPong):
      return size <= ws::kMaxControlPayload;
    default:
      return false;
  }
}

/// A command as it may be carried out.
struct DecodedCommand {
  enum class Kind : std::uint8_t {
    kMessage,
    kConnectionAnswer,
    kOpenAnswer,
    kNewTopic,
    kPublication
  };

  Kind kind;
  bool isSound;       ///< what it asks for can be done, and its payload is within the arena
  bool mayCompress;   ///< of a message
  bool accepts;       ///< of kConnectionAnswer
  bool isEnveloped;   ///< of kPublication
  ws::Opcode opcode;  ///< of a message, or a publication
  std::int32_t connectionId;
  std::int32_t status;  ///< of kOpenAnswer
  std::size_t
      offset;        ///< of the payload; a message that is sound has room for its header before it
  std::size_t size;  ///< of the payload, in bytes
};

/// Reads the commands of one batch, one after the other.
class CommandDecoder {
 public:
  /// `arena` must outlive the decoder; payloads that were gathered are moved within it.
  explicit CommandDecoder(MutableBytes arena) : arena_(arena) {}

  DecodedCommand decode(const Command& command) {
    const std::int32_t kind = command.kind & kKindMask;
    DecodedCommand decoded{.kind = DecodedCommand::Kind::kMessage,
                           .isSound = false,
                           .mayCompress = (command.kind & kUncompressed) == 0,
                           .accepts = command.length != 0,
                           .isEnveloped = (command.kind & kEnveloped) != 0,
                           .opcode = static_cast<ws::Opcode>(kind),
                           .connectionId = command.connectionId,
                           .status = command.kind >> kOperandShift,
                           .offset = static_cast<std::uint32_t>(command.offset),
                           .size = static_cast<std::uint32_t>(command.length)};
    if (kind == kAnswerConnection || kind == kAnswerOpen) {
      const bool isOpen = command.kind != kAnswerConnection;
      decoded.kind =
          isOpen ? DecodedCommand::Kind::kOpenAnswer : DecodedCommand::Kind::kConnectionAnswer;
      decoded.isSound = !isOpen || (kind == kAnswerOpen && isWithin(decoded.offset, decoded.size));
      return decoded;
    }
    if (kind == kTopic || kind == kPublish) {
      const bool publishes = kind == kPublish;
      decoded.kind =
          publishes ? DecodedCommand::Kind::kPublication : DecodedCommand::Kind::kNewTopic;
      decoded.opcode = static_cast<ws::Opcode>(decoded.status);
      decoded.isSound = isWithin(decoded.offset, decoded.size) &&
                        (!publishes || (isData(decoded.status) &&
                                        decoded.offset >= ws::headerSize(decoded.size)));
      return decoded;
    }
    const bool isGathered = (command.kind & kGathered) != 0;
    if (isGathered && decoded.status != 0) gathered_ = static_cast<std::size_t>(decoded.status);
    const bool isThere = !isGathered || isWithin(gathered_, decoded.size);
    decoded.isSound = isThere && command.kind >= 0 && isWithin(decoded.offset, decoded.size) &&
                      decoded.offset >= ws::headerSize(decoded.size) &&
                      isSendable(kind, decoded.size);
    if (isGathered) bring(decoded);
    return decoded;
  }

 private:
  /// Where payloads that were written together are, when that is not known.
  static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

  [[nodiscard]] bool isWithin(std::size_t offset, std::size_t size) const {
    return offset <= arena_.size() && size <= arena_.size() - offset;
  }

  void bring(const DecodedCommand& command) {
    // Where those that were written behind one that makes no sense are is not known either.
    if (!command.isSound) {
      gathered_ = kNowhere;
      return;
    }
    std::memmove(arena_.data() + command.offset, arena_.data() + gathered_, command.size);
    gathered_ += command.size;
  }

  MutableBytes arena_;
  std::size_t gathered_ = kNowhere;
};

/// What a kOpenAnswer that is sound says, as views of the arena; nothing when its list is none.
std::optional<http::Answer> readAnswer(const DecodedCommand& command, Bytes arena);

}  // namespace wss::server
