// SPDX-License-Identifier: MIT
// What JavaScript asks for in a batch of commands. They lie in memory that it writes:
// server/events/command.h says of each whether it makes sense before anything is done about it.
#include <algorithm>
#include <utility>

#include "server/events/command.h"
#include "server/listening/server.h"
#include "ws/frame.h"

namespace wss::server {

void Server::perform(std::span<const Command> commands, MutableBytes arena) {
  const std::size_t mostPayload = options_.maxFramePayload();
  CommandDecoder decoder(arena);
  Publications publications(arena);
  std::int32_t token = 0;
  std::string_view topic;
  for (const Command& given : commands) {
    const DecodedCommand command = decoder.decode(given);
    if (command.kind != DecodedCommand::Kind::kMessage) {
      using Kind = DecodedCommand::Kind;
      if (command.kind != Kind::kNewTopic && command.kind != Kind::kPublication) {
        endRun(publications);
        performAnswer(command, arena);
      } else if (!command.isSound) {
        reportUnsound(command);
      } else if (command.kind == Kind::kNewTopic) {
        topic = textOf(arena.subspan(command.offset, command.size));
        token = command.connectionId;
      } else {
        if (!publications.goesOn(topic, command.connectionId, command.isEnveloped)) {
          endRun(publications);
        }
        publications.setTopic(topic);
        publications.setEnveloped(command.isEnveloped);
        publications.add(command.opcode, command.mayCompress, command.offset, command.size,
                         std::exchange(token, 0), command.connectionId);
      }
      continue;
    }
    endRun(publications);
    if (!command.isSound) {
      reportUnsound(command);
      continue;
    }
    Connection* const connection = find(command.connectionId);
    if (connection == nullptr || !connection->isOpen()) {
      // It was open when the message was sent, and has been disconnected in the same turn.
      shared_.log.report(std::max(command.connectionId, 0),
                         makeError(ErrorCode::kSendFailed, "the connection was closed before"));
      continue;
    }
    const ws::Opcode opcode = command.opcode;
    const std::size_t size = command.size;
    if (size > mostPayload || (command.mayCompress && connection->compresses(opcode, size))) {
      connection->corkMessage(opcode, arena.subspan(command.offset, size), command.mayCompress,
                              arena);
    } else {
      const std::size_t header = ws::headerSize(size);
      const std::size_t start = command.offset - header;
      ws::writeHeader(arena.data() + start, opcode, true, false, size);
      connection->cork(arena, static_cast<std::uint32_t>(start),
                       static_cast<std::uint32_t>(header + size));
    }
    connection->setBytesSent(given.length);
    if (!ws::isControl(opcode)) shared_.statistics.countSent(size);
  }
  endRun(publications);
  flushTouched(arena);
  shared_.frames.end();
}

void Server::flushTouched(Bytes arena) {
  // By index: a flush may touch its connection again.
  for (std::size_t index = 0; index < shared_.touched.size(); ++index)
    shared_.touched[index]->flush(arena);
  shared_.touched.clear();
}

void Server::performAnswer(const DecodedCommand& command, Bytes arena) {
  Connection* const connection = find(command.connectionId);
  // The peer may have gone while its question was being thought about.
  if (connection == nullptr) return;
  if (!command.isSound) return reportUnsound(command);
  if (command.kind == DecodedCommand::Kind::kConnectionAnswer) {
    connection->answerConnectionRequest(command.accepts);
    return;
  }
  const auto answer = readAnswer(command, arena);
  if (!answer) return reportUnsound(command);
  connection->answerOpenRequest(*answer);
}

void Server::reportUnsound(const DecodedCommand& command) {
  const std::int32_t id = find(command.connectionId) == nullptr ? 0 : command.connectionId;
  shared_.log.report(
      id, makeError(ErrorCode::kInvalidArgument,
                    "what JavaScript has asked for makes no sense, and was not done: do not "
                    "replace the methods of Buffer and Uint8Array"));
}

}  // namespace wss::server
