// SPDX-License-Identifier: MIT
// What is published, by commands and past them, to whom it is put on the way.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server_fixture.h"
#include "subscribers.h"
#include "ws/deflate.h"

namespace wss::test {
namespace {

using server::Command;
using ws::Opcode;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;
constexpr std::string_view kDeflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

TEST_CASE("who brings publications from elsewhere is told what is wanted, if it wants to know") {
  Crowd crowd(2);
  ServerFixture& fixture = crowd.fixture;
  server::Server& server = fixture.server();
  const auto told = [&] {
    fixture.deliver();
    std::string lines;
    for (const Event& event : fixture.events) {
      if (event.kind != EventKind::kInterest) continue;
      lines += event.payload + (event.value == 1 ? "+ " : "- ");
    }
    return lines;
  };
  CHECK(told().empty());
  fixture.alsoWant(EventKind::kInterest);
  CHECK(server.subscribe(crowd.ids[0], "news.>").value());
  CHECK(server.subscribe(crowd.ids[1], "news.>").value());
  CHECK(told() == "news.>+ ");
  CHECK(server.unsubscribe(crowd.ids[0], "news.>").value());
  CHECK(told() == "news.>+ ");
  CHECK(server.unsubscribe(crowd.ids[1], "news.>").value());
  CHECK(told() == "news.>+ news.>- ");
}

}  // namespace

TEST_CASE("what is published one after the other goes to each subscriber in that order") {
  Crowd crowd(3);
  Peer other(crowd.fixture.port());
  crowd.fixture.open(other);
  crowd.publish("t", {"one", "two", std::string(300, 'x')}, crowd.ids[1]);
  const std::string expected = plain(Opcode::kText, "one") + plain(Opcode::kText, "two") +
                               plain(Opcode::kText, std::string(300, 'x'));
  CHECK(crowd.peers[0]->take() == expected);
  CHECK(crowd.peers[1]->take().empty());
  CHECK(crowd.peers[2]->take() == expected);
  CHECK(other.take().empty());
  CHECK(crowd.counts() == Counts{2, 2, 2});
  CHECK(crowd.fixture.last(EventKind::kPublished).token == 102);
  CHECK(crowd.fixture.server().statistics().messagesOut == 6);
  CHECK(crowd.fixture.server().statistics().bytesOut == 2 * 306);

  crowd.publish("", {"all"});
  CHECK(other.take() == plain(Opcode::kText, "all"));
  CHECK(crowd.counts().back() == 4);
  crowd.publish("nobody", {"hears it"});
  CHECK(crowd.counts().back() == 0);
}

TEST_CASE("who is subscribed, and how much there is of it") {
  Crowd crowd(3);
  server::Server& server = crowd.fixture.server();
  REQUIRE(server.subscribe(crowd.ids[1], "x.*").value());
  REQUIRE(server.unsubscribe(crowd.ids[2], "t").value());
  const auto idsOf = [&](std::string_view topic) {
    const auto ids = server.subscribers(topic).value();
    return std::vector<std::int32_t>(ids.begin(), ids.end());
  };
  CHECK(idsOf("t") == std::vector<std::int32_t>{crowd.ids[0], crowd.ids[1]});
  CHECK(idsOf("x.y") == std::vector<std::int32_t>{crowd.ids[1]});
  CHECK(idsOf("nobody").empty());
  CHECK(server.subscribers("x.*").error().code == ErrorCode::kInvalidArgument);
  CHECK(server.subscriberCount("x.*").error().code == ErrorCode::kInvalidArgument);
  CHECK(server.countTopics().topics == 2);
  CHECK(server.countTopics().subscribers == 2);
  crowd.peers[1]->reset();
  REQUIRE(crowd.fixture.until([&] { return crowd.fixture.count(EventKind::kDisconnected) == 1; }));
  CHECK(idsOf("x.y").empty());
  CHECK(server.countTopics().topics == 1);
  CHECK(server.countTopics().subscribers == 1);
}

TEST_CASE("who ends is subscribed to nothing") {
  Crowd crowd(2);
  crowd.peers[0]->reset();
  REQUIRE(crowd.fixture.until([&] { return crowd.fixture.count(EventKind::kDisconnected) == 1; }));
  CHECK(crowd.fixture.server().subscriberCount("t").value() == 1);
  CHECK(crowd.fixture.server().subscribe(crowd.ids[0], "t").error().code ==
        ErrorCode::kInvalidConnectionId);
  CHECK(crowd.fixture.server().unsubscribe(crowd.ids[0], "t").error().code ==
        ErrorCode::kInvalidConnectionId);
  CHECK(crowd.fixture.server().unsubscribe(crowd.ids[1], "t").value());
  CHECK(crowd.fixture.server().topics().empty());
}

TEST_CASE("what is no topic") {
  Crowd crowd(1);
  server::Server& server = crowd.fixture.server();
  const auto code = [](const auto& result) {
    return result.ok() ? ErrorCode{} : result.error().code;
  };
  CHECK(code(server.subscribe(crowd.ids[0], "a..b")) == ErrorCode::kInvalidArgument);
  CHECK(code(server.unsubscribe(crowd.ids[0], "")) == ErrorCode::kInvalidArgument);
  CHECK(code(server.subscriberCount("*")) == ErrorCode::kInvalidArgument);
  CHECK(code(server.publish("a.>", Opcode::kText, {}, true, 0)) == ErrorCode::kInvalidArgument);
  crowd.fixture.options().maxSubscriptions = 2;
  CHECK(server.subscribe(crowd.ids[0], "u").value());
  CHECK_FALSE(server.subscribe(crowd.ids[0], "u").value());
  CHECK(code(server.subscribe(crowd.ids[0], "v")) == ErrorCode::kNoBufferSpace);
}

TEST_CASE("a publication that makes no sense is left out") {
  Crowd crowd(1);
  std::string text(64, 'x');
  ExactBuffer arena(bytesOf(text));
  const std::int32_t publish = server::kPublish | 1 << server::kOperandShift;
  const Command commands[] = {{1, server::kTopic, 60, 5},
                              {0, publish, 60, 5},
                              {0, publish, 1, 4},
                              {0, server::kPublish, 10, 4},
                              {0, server::kPublish | 9 << server::kOperandShift, 10, 4},
                              {1, server::kTopic, -1, 1},
                              {0, publish, 10, -1}};
  crowd.fixture.server().perform(commands, arena.bytes());
  crowd.fixture.turn();
  CHECK(crowd.fixture.count(EventKind::kError) == 7);
  CHECK(crowd.peers[0]->take().empty());
}

TEST_CASE("a large one, and one that is cut into frames") {
  Crowd crowd(2);
  const std::string large(100'000, 'y');
  CHECK(crowd.fixture.server().publish("t", Opcode::kBinary, bytesOf(large), true, 0).value() == 2);
  CHECK(crowd.peers[0]->take() == plain(Opcode::kBinary, large));
  crowd.fixture.options().maxFrameSize = 4;
  crowd.publish("t", {"abcdef"});
  std::string cut;
  for (const auto& [opcode, fin, part] :
       {std::tuple(Opcode::kText, false, "abcd"), std::tuple(Opcode::kContinuation, true, "ef")}) {
    ByteQueue frame;
    ws::appendFrame(frame, opcode, fin, false, bytesOf(std::string_view(part)));
    cut += textOf(frame.bytes());
  }
  CHECK(crowd.peers[0]->take() == cut);
}

TEST_CASE("it is compressed once for all who have no context, and alone for the others") {
  Crowd crowd(2, kDeflate);
  crowd.add();
  crowd.fixture.options().serverContextTakeover = true;
  crowd.add(kDeflate);
  crowd.fixture.options().compressionThreshold = 1;
  const std::string message(500, 'z');
  crowd.publish("t", {message, message});
  CHECK(crowd.counts() == Counts{4, 4});
  const std::string compressed = crowd.peers[0]->take();
  CHECK(compressed.size() < 100);
  CHECK(compressed == crowd.peers[1]->take());
  CHECK(crowd.peers[2]->take() == plain(Opcode::kText, message) + plain(Opcode::kText, message));
  const std::string alone = crowd.peers[3]->take();
  CHECK(alone.size() < compressed.size());
  // Not what must not be.
  crowd.publish("t", {message}, 0, server::kUncompressed);
  CHECK(crowd.peers[0]->take() == plain(Opcode::kText, message));
}

TEST_CASE("one that does not read is skipped, and told of once") {
  Crowd crowd(2);
  crowd.fixture.alsoWant(EventKind::kSkipped);
  crowd.fixture.options().maxQueuedBytes = 100'000;
  const std::string message(30'000, 'm');
  int sent = 0;
  for (; crowd.counts().empty() || crowd.counts().back() == 2; ++sent) {
    REQUIRE(sent < 10'000);
    crowd.publish("t", {message});
    crowd.peers[1]->take();
  }
  crowd.publish("t", {message, message});
  CHECK(crowd.counts().back() == 1);
  CHECK(crowd.fixture.count(EventKind::kSkipped) == 1);
  const server::Connection& slow = *crowd.fixture.server().find(crowd.ids[0]);
  CHECK(slow.skippedMessages() == 3);
  CHECK(slow.queuedBytes() <= 100'000);
  CHECK(crowd.fixture.server().statistics().messagesSkipped == 3);

  std::string got;
  REQUIRE(crowd.fixture.until([&] {
    got += crowd.peers[0]->take();
    return slow.isReadyToSend();
  }));
  got += crowd.peers[0]->take();
  CHECK(got.size() == static_cast<std::size_t>(sent - 1) * plain(Opcode::kText, message).size());
  crowd.publish("t", {"again"});
  CHECK(crowd.peers[0]->take() == plain(Opcode::kText, "again"));
}

TEST_CASE("SlowSubscribers=Disconnect closes it with 1013") {
  Crowd crowd(1);
  crowd.fixture.options().maxQueuedBytes = 100'000;
  crowd.fixture.options().slowSubscribers = "disconnect";
  const std::string message(30'000, 'm');
  while (crowd.counts().empty() || crowd.counts().back() == 1) crowd.publish("t", {message});
  std::string got;
  REQUIRE(crowd.fixture.until([&] {
    got += crowd.peers[0]->take();
    return got.ends_with("Too slow for what is published");
  }));
}

TEST_CASE("what is published while a message is sent in parts follows it") {
  Crowd crowd(1);
  server::Server& server = crowd.fixture.server();
  REQUIRE(server.sendPart(crowd.ids[0], Opcode::kText, bytesOf("ab"), false, 1).ok());
  crowd.publish("t", {"behind"});
  CHECK(crowd.counts() == Counts{1});
  REQUIRE(server.sendPart(crowd.ids[0], Opcode::kContinuation, bytesOf("c"), true, 2).ok());
  crowd.fixture.turn();
  const std::string got = crowd.peers[0]->take();
  CHECK(got.ends_with(plain(Opcode::kText, "behind")));
  CHECK(got.size() == 2 + 2 + 2 + 1 + plain(Opcode::kText, "behind").size());
}

TEST_CASE("a large one is kept once for all whose peers do not read") {
  constexpr std::size_t kPeers = 10;
  constexpr std::size_t kSize = 8 * kMiB;
  Crowd crowd(kPeers, {}, 4096);
  // One copy and what else waits fit, two copies do not.
  crowd.fixture.options().maxQueuedBytesTotal = 2 * static_cast<int>(kSize) - 1;
  std::string message(kSize, 'm');
  for (std::size_t at = 0; at < kSize; at += 1000) message[at] = static_cast<char>('a' + at % 26);
  server::Server& server = crowd.fixture.server();
  CHECK(server.publish("t", Opcode::kBinary, bytesOf(message), true, 0).value() == kPeers);
  const std::string expected = plain(Opcode::kBinary, message);
  message.assign(kSize, '-');  // It is the publisher's again.
  crowd.fixture.turn();
  std::size_t waiting = 0;
  for (const std::int32_t id : crowd.ids) {
    REQUIRE(server.find(id) != nullptr);
    waiting += static_cast<std::size_t>(server.find(id)->queuedBytes());
  }
  CHECK(waiting > 2 * kSize);
  CHECK(crowd.fixture.count(EventKind::kDisconnected) == 0);

  std::vector<std::string> got(kPeers);
  REQUIRE(crowd.fixture.until([&] {
    bool all = true;
    for (std::size_t index = 0; index < kPeers; ++index) {
      got[index] += crowd.peers[index]->take();
      all = all && got[index].size() >= expected.size();
    }
    return all;
  }));
  for (const std::string& one : got) CHECK((one == expected));
}

TEST_CASE("what is shared keeps its place among what is not, whenever the peer reads") {
  Crowd crowd(0);
  crowd.fixture.options().maxQueuedBytes = 1'000'000'000;
  crowd.fixture.options().outBufferSize = 8192;
  for (const std::string_view lines : {"", "", "", kDeflate.data()}) crowd.add(lines, 4096);
  std::mt19937 random(7);  // NOLINT(*-msc51-cpp): the same every time
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  std::vector<std::string> expected(3);
  std::vector<std::string> got(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> messages(1 + below(4));
    for (std::string& message : messages) {
      const std::size_t size = below(3) == 0 ? below(60'000) : below(300);
      for (std::size_t at = 0; at < size; ++at) message += static_cast<char>('a' + below(26));
    }
    const bool exceptOne = below(4) == 0;
    crowd.publish("t", messages, exceptOne ? crowd.ids[1] : 0);
    for (const std::string& message : messages) {
      for (std::size_t index = 0; index < 3; ++index) {
        if (index != 1 || !exceptOne) expected[index] += plain(Opcode::kText, message);
      }
    }
    const std::size_t reads = below(8);
    if (reads < 3) got[reads] += crowd.peers[reads]->take();
  }
  REQUIRE(crowd.fixture.until([&] {
    bool done = true;
    for (std::size_t index = 0; index < 3; ++index) {
      got[index] += crowd.peers[index]->take();
      done = done && got[index].size() >= expected[index].size();
    }
    crowd.peers[3]->take();
    return done;
  }));
  for (std::size_t index = 0; index < 3; ++index) CHECK((got[index] == expected[index]));
  CHECK(crowd.fixture.count(EventKind::kDisconnected) == 0);
}

TEST_CASE("who is disconnected while it has a part of what is shared gets all of it first") {
  Crowd crowd(2, {}, 4096);
  crowd.fixture.options().waitForCloseResponse = false;
  const std::string message(6 * kMiB, 'm');
  server::Server& server = crowd.fixture.server();
  CHECK(server.publish("t", Opcode::kBinary, bytesOf(message), true, 0).value() == 2);
  server.find(crowd.ids[0])->disconnect(1000, "bye");
  crowd.peers[1]->reset();
  const std::string expected = plain(Opcode::kBinary, message);
  std::string got;
  REQUIRE(crowd.fixture.until([&] {
    got += crowd.peers[0]->take();
    return got.ends_with("bye");
  }));
  CHECK((got.substr(0, expected.size()) == expected));
  CHECK(got.size() == expected.size() + 4 + 3);
}

}  // namespace wss::test
