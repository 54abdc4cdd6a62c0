// SPDX-License-Identifier: MIT
// A server with clients to publish to.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server_fixture.h"

namespace wss::test {

/// A server with connections that are subscribed to "t".
struct Crowd {
  explicit Crowd(std::size_t count, std::string_view lines = {}, int receiveBuffer = 0) {
    for (std::size_t index = 0; index < count; ++index) add(lines, receiveBuffer);
  }

  void add(std::string_view lines = {}, int receiveBuffer = 0) {
    peers.push_back(std::make_unique<Peer>(fixture.port(), receiveBuffer));
    ids.push_back(fixture.open(*peers.back(), lines));
    REQUIRE(fixture.server().subscribe(ids.back(), "t").value());
  }

  /// Commands as JavaScript writes them: the topic, and one message after the other.
  void publish(std::string_view topic, const std::vector<std::string>& messages,
               std::int32_t except = 0, std::int32_t flags = 0) {
    std::string text(topic);
    std::vector<server::Command> commands;
    std::int32_t token = 100;
    for (const std::string& message : messages) {
      const std::size_t offset = text.size() + ws::headerSize(message.size());
      text.resize(offset);
      text += message;
      commands.push_back({token++, server::kTopic, 0, static_cast<std::int32_t>(topic.size())});
      const auto opcode = static_cast<std::int32_t>(ws::Opcode::kText);
      commands.push_back({except, server::kPublish | flags | opcode << server::kOperandShift,
                          static_cast<std::int32_t>(offset),
                          static_cast<std::int32_t>(message.size())});
    }
    ExactBuffer arena(bytesOf(text));
    fixture.server().perform(commands, arena.bytes());
    fixture.turn();
  }
  /// What has been told of the publications since the start: to how many each was sent.
  [[nodiscard]] std::vector<int> counts() const {
    std::vector<int> found;
    for (const Event& event : fixture.events) {
      if (event.kind == EventKind::kPublished) found.push_back(event.value);
    }
    return found;
  }

  ServerFixture fixture;
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<std::int32_t> ids;
};

using Counts = std::vector<int>;

}  // namespace wss::test
