// SPDX-License-Identifier: MIT
// What JavaScript asks for in a batch of commands. They lie in memory that it writes, so each is
// looked at before anything is done about it: what lies beyond the arena is never read or written.
#include <algorithm>
#include <cstring>
#include <limits>

#include "http/answer.h"
#include "server/fields.h"
#include "server/server.h"
#include "ws/frame.h"

namespace wss::server {
namespace {

/// Where payloads that were written together are, when that is not known.
constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

/// A command as it may be carried out.
struct Range {
  std::size_t offset;
  std::size_t size;

  explicit Range(const Command& command)
      : offset(static_cast<std::uint32_t>(command.offset)),
        size(static_cast<std::uint32_t>(command.length)) {}
  [[nodiscard]] bool isWithin(Bytes arena) const {
    return offset <= arena.size() && size <= arena.size() - offset;
  }
};

bool isSound(const Command& command, Bytes arena) {
  const Range range(command);
  return command.kind >= 0 && range.isWithin(arena) && range.offset >= ws::headerSize(range.size) &&
         isSendable(command.kind & kKindMask, range.size);
}

}  // namespace

bool isSendable(std::int32_t opcode, std::size_t size) {
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

void Server::perform(std::span<const Command> commands, MutableBytes arena) {
  const std::size_t mostPayload = options.maxFramePayload();
  std::size_t gathered = kNowhere;
  for (const Command& command : commands) {
    const std::int32_t kind = command.kind & kKindMask;
    if (kind == kAnswerConnection || kind == kAnswerOpen) {
      performAnswer(command, arena);
      continue;
    }
    const auto [offset, size] = Range(command);
    const bool isGathered = (command.kind & kGathered) != 0;
    if (isGathered && command.kind >> kGatheredShift != 0) {
      gathered = static_cast<std::size_t>(command.kind >> kGatheredShift);
    }
    const bool isThere =
        !isGathered || (gathered <= arena.size() && size <= arena.size() - gathered);
    if (!isThere || !isSound(command, arena)) {
      // Where those that were written behind it are is not known either.
      if (isGathered) gathered = kNowhere;
      reportUnsound(command);
      continue;
    }
    if (isGathered) {
      std::memmove(arena.data() + offset, arena.data() + gathered, size);
      gathered += size;
    }
    Connection* const connection = find(command.connectionId);
    if (connection == nullptr || !connection->isOpen()) {
      // It was open when the message was sent, and has been disconnected in the same turn.
      shared_.log.report(std::max(command.connectionId, 0),
                         makeError(ErrorCode::kSendFailed, "the connection was closed before"));
      continue;
    }
    const auto opcode = static_cast<ws::Opcode>(kind);
    const bool mayCompress = (command.kind & kUncompressed) == 0;
    if (size > mostPayload || (mayCompress && connection->compresses(opcode, size))) {
      connection->corkMessage(opcode, arena.subspan(offset, size), mayCompress, arena);
    } else {
      const std::size_t header = ws::headerSize(size);
      const std::size_t start = offset - header;
      ws::writeHeader(arena.data() + start, opcode, true, false, size);
      connection->cork(arena, static_cast<std::uint32_t>(start),
                       static_cast<std::uint32_t>(header + size));
    }
    connection->setBytesSent(command.length);
    if (!ws::isControl(opcode)) shared_.statistics.countSent(size);
  }
  flushTouched(arena);
}

void Server::flushTouched(Bytes arena) {
  // By index: a flush may touch its connection again.
  for (std::size_t index = 0; index < shared_.touched.size(); ++index)
    shared_.touched[index]->flush(arena);
  shared_.touched.clear();
}

void Server::performAnswer(const Command& command, Bytes arena) {
  Connection* const connection = find(command.connectionId);
  // The peer may have gone while its question was being thought about.
  if (connection == nullptr) return;
  if (command.kind == kAnswerConnection) {
    connection->answerConnectionRequest(command.length != 0);
    return;
  }
  const Range range(command);
  const bool hasFields = (command.kind & kKindMask) == kAnswerOpen && range.isWithin(arena);
  if (!hasFields) return reportUnsound(command);
  std::string_view fields = textOf(arena.subspan(range.offset, range.size));
  http::Answer answer{.status = command.kind >> 8,
                      .subProtocol = takeField(fields),
                      .headers = takeField(fields),
                      .body = {}};
  std::size_t size = 2 * kFieldHead + answer.subProtocol.size() + answer.headers.size();
  if (!fields.empty()) {
    answer.body = takeField(fields);
    size += kFieldHead + answer.body->size();
  }
  if (size != range.size) return reportUnsound(command);
  connection->answerOpenRequest(answer);
}

void Server::reportUnsound(const Command& command) {
  const std::int32_t id = find(command.connectionId) == nullptr ? 0 : command.connectionId;
  shared_.log.report(
      id, makeError(ErrorCode::kInvalidArgument,
                    "what JavaScript has asked for makes no sense, and was not done: do not "
                    "replace the methods of Buffer and Uint8Array"));
}

}  // namespace wss::server
