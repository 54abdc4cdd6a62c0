// SPDX-License-Identifier: MIT
// What is published to those who get envelopes, and to one alone.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "subscribers.h"

namespace wss::test {
namespace {

using server::Command;
using ws::Opcode;

TEST_CASE("those who have agreed on envelopes get them, and the others the rest") {
  Crowd crowd(1);
  server::Server& server = crowd.fixture.server();
  CHECK_FALSE(server.wantsEnvelopes("t"));
  CHECK_FALSE(server.wantsEnvelopes(""));
  server.setEnvelopeProtocol("letters");
  crowd.add("Sec-WebSocket-Protocol: others\r\n");
  CHECK_FALSE(server.wantsEnvelopes("t"));
  crowd.add("Sec-WebSocket-Protocol: letters\r\n");
  CHECK(server.wantsEnvelopes("t"));
  CHECK(server.wantsEnvelopes(""));
  CHECK_FALSE(server.wantsEnvelopes("u"));
  CHECK(server.subscriberCount("t").value() == 3);
  for (const std::string_view topic : {"t", ""}) {
    crowd.publish(topic, {"bare"});
    crowd.publish(topic, {"(a)", "(b)"}, 0, server::kEnveloped);
    CHECK(crowd.peers[0]->take() == plain(Opcode::kText, "bare"));
    CHECK(crowd.peers[1]->take() == plain(Opcode::kText, "bare"));
    CHECK(crowd.peers[2]->take() == plain(Opcode::kText, "(a)") + plain(Opcode::kText, "(b)"));
  }
  CHECK(crowd.counts() == Counts{2, 1, 1, 2, 1, 1});
  const Bytes enveloped = bytesOf(std::string_view("(c)"));
  CHECK(server.publish("t", Opcode::kText, enveloped, true, 0, true).value() == 1);
  CHECK(crowd.peers[2]->take() == plain(Opcode::kText, "(c)"));
  crowd.publish("t", {"(d)"}, crowd.ids[2], server::kEnveloped);
  CHECK(crowd.counts().back() == 0);
}

TEST_CASE("who gets envelopes and is too slow is closed, whatever becomes of others") {
  Crowd crowd(1);
  crowd.fixture.options().maxQueuedBytes = 1 << 16;
  crowd.fixture.server().setEnvelopeProtocol("letters");
  crowd.add("Sec-WebSocket-Protocol: letters\r\n");
  const std::vector<std::string> large(4, std::string(1 << 20, 'x'));
  const auto isOpen = [&](std::size_t index) {
    const server::Connection* const connection = crowd.fixture.server().find(crowd.ids[index]);
    return connection != nullptr && connection->isOpen();
  };
  for (int round = 0; round < 100 && isOpen(1); ++round) {
    crowd.publish("t", large);
    crowd.publish("t", large, 0, server::kEnveloped);
  }
  CHECK_FALSE(isOpen(1));
  CHECK(isOpen(0));
  CHECK(crowd.fixture.server().find(crowd.ids[0])->skippedMessages() > 0);
}

TEST_CASE("one after the other for both kinds of them keeps its order") {
  Crowd crowd(1);
  crowd.fixture.server().setEnvelopeProtocol("letters");
  crowd.add("Sec-WebSocket-Protocol: letters\r\n");
  std::string text(1 + 4 * 3, '?');
  text.front() = 't';
  ExactBuffer arena(bytesOf(text));
  const std::int32_t bare = server::kPublish | 1 << server::kOperandShift;
  const std::int32_t kinds[] = {bare, bare | server::kEnveloped, bare, bare | server::kEnveloped};
  std::vector<Command> commands = {{0, server::kTopic, 0, 1}};
  std::int32_t end = 1;
  for (const std::int32_t kind : kinds) {
    commands.push_back({0, kind, end + 2, 1});
    arena.bytes()[static_cast<std::size_t>(end) + 2] =
        static_cast<std::uint8_t>('0' + commands.size());
    end += 3;
  }
  crowd.fixture.server().perform(commands, arena.bytes());
  CHECK(crowd.peers[0]->take() == plain(Opcode::kText, "2") + plain(Opcode::kText, "4"));
  CHECK(crowd.peers[1]->take() == plain(Opcode::kText, "3") + plain(Opcode::kText, "5"));
}

TEST_CASE("what is published to one alone goes behind what waits, while there is room") {
  Crowd crowd(2);
  server::Server& server = crowd.fixture.server();
  const auto to = [&](std::int32_t id, const std::string& text) {
    return server.publishTo(id, Opcode::kText, bytesOf(text));
  };
  CHECK(to(crowd.ids[0], "a"));
  CHECK(crowd.peers[0]->take() == plain(Opcode::kText, "a"));
  CHECK(crowd.peers[1]->take().empty());
  CHECK_FALSE(to(crowd.ids[0] + 1000, "a"));
  crowd.fixture.options().maxQueuedBytes = 1 << 16;
  const std::string large(1 << 20, 'x');
  int sent = 0;
  while (to(crowd.ids[0], large)) ++sent;
  CHECK(sent > 0);
  server.find(crowd.ids[1])->disconnect(1000, "");
  CHECK_FALSE(to(crowd.ids[1], "b"));
}

}  // namespace
}  // namespace wss::test
