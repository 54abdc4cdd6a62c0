// SPDX-License-Identifier: MIT
// What one client, or a crowd of them, can make a server hold: messages without an end, and queues
// that nobody empties.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crowd.h"
#include "tls_peer.h"

namespace wss::test {
namespace {

using server::kTickMs;
using ws::Opcode;

constexpr int kSmallBuffer = 4096;

TEST_CASE("at MaxUnfinishedBytes the one that holds most is closed, not the one that comes next") {
  ServerFixture fixture;
  fixture.options().maxUnfinishedBytes = 100'000;
  Peers peers = crowd(fixture, 4);
  for (const auto& peer : peers) fixture.open(*peer);
  const auto begin = [&](Peer& peer, std::size_t size) {
    peer.send(masked(Opcode::kBinary, std::string(size, 'u'), false) + masked(Opcode::kPing, "p"));
    const bool taken = fixture.until([&] { return !peer.received().empty(); });
    mustBe(taken, "no answer");
    return peer.take();
  };
  const std::string pong = plain(Opcode::kPong, "p");
  CHECK(begin(*peers[0], 10'000) == pong);
  CHECK(begin(*peers[1], 80'000) == pong);
  CHECK(begin(*peers[2], 5'000) == pong);
  CHECK(begin(*peers[3], 10'000) == pong);
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1013);
  CHECK(peers[1]->take() ==
        plain(Opcode::kClose, closePayload(1013, "MaxUnfinishedBytes has been reached")));
  // What it held is free, and the others go on.
  CHECK(begin(*peers[0], 0).empty() == false);
  peers[3]->send(masked(Opcode::kContinuation, "end"));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == 1; }));
  CHECK(fixture.last(EventKind::kDataIn).payload.size() == 10'003);
}

TEST_CASE("a message in many fragments takes no more room than it may have") {
  ServerFixture fixture;
  fixture.options().maxMessageSize = 100'000;
  fixture.options().maxUnfinishedBytes = 100'000;
  Peer peer(fixture.port());
  fixture.open(peer);
  peer.send(masked(Opcode::kBinary, std::string(70'000, 'm'), false));
  takeTurns(fixture, 2);
  peer.send(masked(Opcode::kContinuation, std::string(20'000, 'm'), false));
  takeTurns(fixture, 2);
  peer.send(masked(Opcode::kContinuation, std::string(10'000, 'm')));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == 1; }));
  CHECK(fixture.last(EventKind::kDataIn).payload.size() == 100'000);
}

TEST_CASE("MessageTimeout: who does not go on with a message is closed with 1008") {
  ServerFixture fixture(ManualClock::read);
  fixture.alsoWant(EventKind::kLog);
  fixture.options().messageTimeout = 1;
  Peer stalled(fixture.port());
  Peer dripping(fixture.port());
  Peer paused(fixture.port());
  Peer pieces(fixture.port());
  Peer idle(fixture.port());
  fixture.open(stalled);
  fixture.open(dripping);
  const std::int32_t pausedId = fixture.open(paused);
  const std::int32_t linesId = fixture.open(pieces);
  fixture.server().find(linesId)->setLineMode(true);
  fixture.open(idle);
  const std::string part = masked(Opcode::kText, "part", false);
  // A Pong tells that what was sent before its Ping has been read.
  const std::string pong = plain(Opcode::kPong, "");
  const auto isRead = [&](Peer& peer) {
    peer.send(masked(Opcode::kPing, ""));
    return fixture.until([&] { return peer.received().ends_with(pong); }) && !peer.take().empty();
  };
  for (Peer* const peer : {&stalled, &dripping, &paused, &pieces}) {
    peer->send(part);
    REQUIRE(isRead(*peer));
  }
  fixture.server().find(pausedId)->setAcceptsData(false);
  for (std::uint64_t after = 300; after <= 2400; after += 300) {
    fixture.pass(300);
    dripping.send(masked(Opcode::kContinuation, "", false).substr(0, 6));
    dripping.send(masked(Opcode::kContinuation, "x", false));
    REQUIRE(isRead(dripping));
    stalled.offer(masked(Opcode::kPing, ""));
    if (after == 900) CHECK(fixture.count(EventKind::kDisconnected) == 0);
  }
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1008);
  CHECK(stalled.received().find("MessageTimeout") != std::string::npos);
  CHECK(linesOf(fixture, "Nothing more of a message came for MessageTimeout") == 1);
  // Its time begins anew when it is listened to.
  fixture.server().find(pausedId)->setAcceptsData(true);
  paused.send(masked(Opcode::kContinuation, "end"));
  dripping.send(masked(Opcode::kContinuation, "end"));
  pieces.send(masked(Opcode::kContinuation, "end"));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == 3; }));
  CHECK(fixture.server().connectedCount() == 4);
}

/// Sends to `id` a message that its peer, who does not read, makes us keep.
void burden(ServerFixture& fixture, std::int32_t id, std::size_t size) {
  fixture.outbox.message(id, Opcode::kBinary, std::string(size, 'q'));
  fixture.turn();
}

TEST_CASE("SendTimeout: who takes nothing is cut with 1006, in whatever state") {
  ServerFixture fixture(ManualClock::read);
  fixture.alsoWant(EventKind::kLog);
  fixture.options().sendTimeout = 1;
  fixture.options().outBufferSize = kSmallBuffer;
  fixture.options().closeTimeout = 60;
  Peer honest(fixture.port());
  const std::int32_t honestId = fixture.open(honest);
  Peers deaf = crowd(fixture, 3, kSmallBuffer);
  std::vector<std::int32_t> ids;
  for (const auto& peer : deaf) ids.push_back(fixture.open(*peer));
  for (const std::int32_t id : ids) burden(fixture, id, 500'000);
  fixture.server().find(ids[1])->disconnect(1000, "");
  fixture.options().waitForCloseResponse = false;
  fixture.server().find(ids[2])->disconnect(1000, "");
  fixture.pass(900);
  CHECK(fixture.count(EventKind::kDisconnected) == 1);
  fixture.pass(100 + 2 * kTickMs);
  REQUIRE(disconnected(fixture, 3));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
  // The one that waits for no answer has no Disconnected to wait for.
  CHECK(fixture.until(
      [&] { return linesOf(fixture, "The peer took nothing for SendTimeout") == 3; }));
  for (const auto& peer : deaf) CHECK(fixture.until([&] { return peer->wasReset(); }));
  fixture.outbox.text(honestId, "still here");
  CHECK(fixture.until([&] { return !honest.received().empty(); }));
  CHECK(fixture.server().connectedCount() == 1);
}

TEST_CASE("SendTimeout: who reads slowly but steadily gets everything") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().sendTimeout = 1;
  constexpr std::size_t kSize = 8 * 1024 * 1024;
  // What the kernel holds lasts for longer than the timeout.
  Peer slow(fixture.port());
  const std::int32_t id = fixture.open(slow);
  CHECK(fixture.server().send(id, Opcode::kBinary, bytesOf(std::string(kSize, 's')), 0).ok());
  REQUIRE(fixture.server().find(id)->queuedBytes() > 0);
  std::string buffer(std::size_t{64} * 1024, '\0');
  std::size_t got = 0;
  for (std::uint64_t passed = 0; passed < 4000; passed += 60) {
    const ssize_t count = ::recv(slow.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    got += count > 0 ? static_cast<std::size_t>(count) : 0;
    fixture.pass(60);
  }
  REQUIRE(fixture.count(EventKind::kDisconnected) == 0);
  CHECK(fixture.until([&] { return got + slow.received().size() >= kSize; }));
}

TEST_CASE("SendTimeout holds under TLS, and begins anew with all that is taken") {
  ServerFixture fixture(ManualClock::read);
  REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
  fixture.options().sendTimeout = 1;
  fixture.options().outBufferSize = kSmallBuffer;
  TlsPeer deaf(fixture.port());
  const std::int32_t id = open(fixture, deaf);
  burden(fixture, id, 8'000'000);
  REQUIRE(fixture.server().find(id)->queuedBytes() > 0);
  std::string buffer(std::size_t{64} * 1024, '\0');
  for (int round = 0; round < 4; ++round) {
    fixture.pass(400);
    CHECK(::recv(deaf.socket().fd(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0);
  }
  CHECK(fixture.count(EventKind::kDisconnected) == 0);
  fixture.pass(1000 + 2 * kTickMs);
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
}

TEST_CASE("at MaxQueuedBytesTotal the one that holds most is cut, and nobody else suffers") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kLog);
  fixture.options().outBufferSize = kSmallBuffer;
  fixture.options().maxQueuedBytesTotal = 2'000'000;
  Peer honest(fixture.port());
  const std::int32_t honestId = fixture.open(honest);
  Peers deaf = crowd(fixture, 20, kSmallBuffer);
  std::vector<std::int32_t> ids;
  for (const auto& peer : deaf) ids.push_back(fixture.open(*peer));
  for (const std::int32_t id : ids) {
    burden(fixture, id, 300'000);
    fixture.outbox.text(honestId, "for all");
    fixture.turn();
    CHECK(fixture.server().queues().total() <= 2'000'000);
  }
  CHECK(fixture.count(EventKind::kDisconnected) >= 13);
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
  CHECK(linesOf(fixture, "MaxQueuedBytesTotal has been reached") ==
        fixture.count(EventKind::kDisconnected));
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += plain(Opcode::kText, "for all");
  CHECK(fixture.until([&] { return honest.received() == expected; }));
  CHECK(fixture.server().find(honestId)->isReadyToSend());
}

TEST_CASE("the only queue may have a message of any size") {
  ServerFixture fixture;
  fixture.options().maxQueuedBytesTotal = 1;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  const std::string large(20'000'000, 'l');
  CHECK(fixture.server().send(id, Opcode::kBinary, bytesOf(large), 0).ok());
  CHECK(fixture.server().queues().count() == 1);
  CHECK(fixture.until([&] { return peer.received().size() > large.size(); }));
  CHECK(fixture.server().queues().empty());
  CHECK(fixture.server().queues().total() == 0);
}

}  // namespace
}  // namespace wss::test
