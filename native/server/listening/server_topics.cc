// SPDX-License-Identifier: MIT
// Topics: who is subscribed to what, and what is published.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "server/listening/server.h"
#include "server/settings/setting_text.h"
#include "server/topics/topic.h"
#include "ws/writer.h"

namespace wss::server {

Result<bool> Server::subscribe(std::int32_t id, std::string_view pattern) {
  auto connection = findOpen(id);
  if (!connection.ok()) return connection.error();
  if (Result<void> valid = checkPattern(pattern); !valid.ok()) return valid.error();
  if (topics_.countOf(id) < static_cast<std::size_t>(options_.maxSubscriptions)) {
    return topics_.subscribe(id, pattern);
  }
  if (topics_.has(id, pattern)) return false;
  return makeError(ErrorCode::kNoBufferSpace,
                   "the connection has MaxSubscriptions subscriptions: end one, or raise that");
}

Result<bool> Server::unsubscribe(std::int32_t id, std::string_view pattern) {
  auto connection = findOpen(id);
  if (!connection.ok()) return connection.error();
  if (Result<void> valid = checkPattern(pattern); !valid.ok()) return valid.error();
  return topics_.unsubscribe(id, pattern);
}

std::vector<std::string> Server::topics() {
  topics_.sweepAll();
  return topics_.patterns();
}

Result<std::span<const std::int32_t>> Server::subscribers(std::string_view topic) {
  if (Result<void> valid = checkTopic(topic); !valid.ok()) return valid.error();
  topics_.sweepAll();
  return topics_.subscribersOf(topic);
}

Result<int> Server::subscriberCount(std::string_view topic) {
  auto ids = subscribers(topic);
  if (!ids.ok()) return ids.error();
  return static_cast<int>(ids.value().size());
}

Server::TopicCounts Server::countTopics() {
  topics_.sweepAll();
  return {topics_.patternCount(), topics_.connectionCount()};
}

bool Server::wantsEnvelopes(std::string_view topic) {
  const auto wants = [&](const Connection* connection) {
    return connection != nullptr && connection->getsEnvelopes() && connection->isOpen();
  };
  if (topic.empty()) {
    return std::ranges::any_of(slots_,
                               [&](const Slot& slot) { return wants(slot.connection.get()); });
  }
  return std::ranges::any_of(topics_.subscribersOf(topic),
                             [&](std::int32_t id) { return wants(find(id)); });
}

bool Server::publishTo(std::int32_t id, ws::Opcode opcode, Bytes payload) {
  Connection* const connection = find(id);
  if (connection == nullptr || !connection->isOpen()) return false;
  const std::size_t header = ws::headerSize(payload.size());
  ByteQueue frame;
  frame.extend(header);
  frame.append(payload);
  Publications publications(frame.bytes());
  publications.add(opcode, true, header, payload.size(), 0, 0);
  putOn(*connection, publications);
  flushTouched(frame.bytes());
  return publications.messages().front().count != 0;
}

Result<int> Server::publish(std::string_view topic, ws::Opcode opcode, Bytes payload,
                            bool mayCompress, std::int32_t except, bool isEnveloped) {
  if (Result<void> valid = checkTopic(topic); !topic.empty() && !valid.ok()) return valid.error();
  const std::size_t header = ws::headerSize(payload.size());
  if (payload.size() > std::numeric_limits<std::uint32_t>::max() - header) {
    return makeError(ErrorCode::kInvalidArgument, "a message that is published has up to 4 GiB");
  }
  ByteQueue frame;
  frame.extend(header);
  frame.append(payload);
  Publications publications(frame.bytes());
  publications.setTopic(topic);
  publications.setEnveloped(isEnveloped);
  publications.add(opcode, mayCompress, header, payload.size(), 0, except);
  put(publications);
  flushTouched(frame.bytes());
  shared_.frames.end();
  return publications.messages().front().count;
}

void Server::endRun(Publications& publications) {
  if (publications.empty()) return;
  put(publications);
  for (const Publications::Message& message : publications.messages()) {
    if (message.token == 0) continue;
    shared_.events.add(EventRecord::published(message.token, message.count));
  }
  publications.clear();
}

void Server::put(Publications& publications) {
  publications.shareBy(shared_.frames);
  const std::int32_t except = publications.except();
  const auto put = [&](std::int32_t id) {
    if (id == except) return;
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->isOpen()) return;
    if (connection->getsEnvelopes() == publications.isEnveloped()) putOn(*connection, publications);
  };
  if (!publications.topic().empty()) {
    // A copy is not needed: who is subscribed does not change before all is put.
    for (const std::int32_t id : topics_.subscribersOf(publications.topic())) put(id);
    return;
  }
  for (const Slot& slot : slots_) {
    if (slot.connection) put(slot.connection->id());
  }
}

void Server::putOn(Connection& connection, Publications& publications) {
  const Bytes arena = publications.arena();
  auto& messages = publications.messages();
  const std::size_t most = options_.maxFramePayload();
  const auto isPlain = [&](const Publications::Message& message) {
    const std::size_t size = message.size - message.header;
    return size <= most && !(message.mayCompress && connection.compresses(message.opcode, size));
  };
  if (publications.isRun() && std::ranges::all_of(messages, isPlain) &&
      connection.hasRoomFor(publications.runSize(), arena)) {
    connection.publish(arena, publications.runOffset(), publications.runSize());
    shared_.statistics.countPublished(messages.size(), publications.payload());
    for (Publications::Message& message : messages) ++message.count;
    return;
  }
  for (std::size_t index = 0; index < messages.size() && connection.isOpen(); ++index) {
    Publications::Message& message = messages[index];
    // `connection` stays until the turn is over, whatever becomes of it.
    if (!connection.hasRoomFor(message.size, arena)) {
      if (connection.isOpen()) onSlow(connection);
      continue;
    }
    if (isPlain(message)) {
      connection.publish(arena, message.offset, message.size);
    } else if (const unsigned window = connection.sharedWindow();
               window != 0 && message.size - message.header <= most) {
      connection.publish(publications.compressed(index, window, options_, shared_), arena);
    } else {
      connection.publishAlone(message.opcode, publications.payloadOf(message), message.mayCompress,
                              arena);
    }
    ++message.count;
    shared_.statistics.countSent(message.size - message.header);
  }
}

void Server::onPattern(std::string_view pattern, bool wanted) {
  if (!shared_.events.wants(EventKind::kInterest)) return;
  shared_.events.addText(EventRecord::interest(wanted), pattern);
}

void Server::onSlow(Connection& connection) {
  // Who gets envelopes can come back and ask for what it has missed, if it knows that it has.
  if (!disconnectsSlow(options_.slowSubscribers) && !connection.getsEnvelopes()) {
    return connection.skip();
  }
  connection.disconnect(static_cast<std::uint16_t>(ws::CloseCode::kTryAgainLater),
                        "Too slow for what is published");
}

}  // namespace wss::server
