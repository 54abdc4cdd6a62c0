// SPDX-License-Identifier: MIT
// What one client, or a crowd of them, can make a server hold: connections that are not open yet,
// messages without an end, and queues that nobody empties.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls_peer.h"

namespace wss::test {
namespace {

using server::kTickMs;
using ws::Opcode;

constexpr int kSmallBuffer = 4096;

using Peers = std::vector<std::unique_ptr<Peer>>;

Peers crowd(ServerFixture& fixture, std::size_t count, int receiveBuffer = 0) {
  Peers peers;
  for (std::size_t i = 0; i < count; ++i) {
    peers.push_back(std::make_unique<Peer>(fixture.port(), receiveBuffer));
  }
  return peers;
}

std::uint64_t accepted(ServerFixture& fixture) {
  return fixture.server().statistics().connectionsAccepted;
}

std::uint64_t evicted(ServerFixture& fixture) {
  return fixture.server().statistics().connectionsEvicted;
}

std::size_t linesOf(const ServerFixture& fixture, std::string_view text) {
  std::size_t lines = 0;
  for (const Event& event : fixture.events) {
    const bool told =
        event.kind == EventKind::kLog && event.payload.find(text) != std::string::npos;
    lines += told ? 1U : 0U;
  }
  return lines;
}

void takeTurns(ServerFixture& fixture, int count) {
  for (int i = 0; i < count; ++i) fixture.turn();
}

TEST_CASE("at MaxPendingConnections the one that is silent for longest makes room") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kLog);
  fixture.options().maxPendingConnections = 3;
  Peers silent = crowd(fixture, 3);
  REQUIRE(fixture.until([&] { return accepted(fixture) == 3; }));
  // Who says something is younger than who does not.
  silent[0]->send("GET ");
  takeTurns(fixture, 3);
  Peer honest(fixture.port());
  fixture.open(honest);
  REQUIRE(fixture.until([&] { return silent[1]->wasReset(); }));
  CHECK_FALSE(silent[0]->ended());
  CHECK_FALSE(silent[2]->ended());
  CHECK(evicted(fixture) == 1);
  CHECK(fixture.server().statistics().connectionsRefused == 0);
  CHECK(fixture.count(EventKind::kError) == 0);
  CHECK(linesOf(fixture, "make room for newer ones: 1 so far") == 1);
  // The one that is open now is not among them any more.
  const Peers more = crowd(fixture, 1);
  REQUIRE(fixture.until([&] { return accepted(fixture) == 5; }));
  CHECK(evicted(fixture) == 1);
}

TEST_CASE("a flood of silent connections keeps nobody out") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kLog);
  fixture.options().maxPendingConnections = 20;
  fixture.options().maxConnections = 30;
  Peers flood;
  Peers honest;
  const std::uint64_t start = steadyMs();
  for (std::uint64_t round = 1; round <= 20; ++round) {
    for (auto& peer : crowd(fixture, 50)) flood.push_back(std::move(peer));
    honest.push_back(std::make_unique<Peer>(fixture.port()));
    fixture.open(*honest.back());
  }
  CHECK(fixture.until([&] { return accepted(fixture) == 20 * 51; }));
  CHECK(fixture.server().connectedCount() == 20);
  CHECK(evicted(fixture) >= 20 * 50 - 20);
  CHECK(linesOf(fixture, "make room for newer ones") <= 1 + (steadyMs() - start) / 1000);
}

TEST_CASE("who waits for a handler's answer does not make room; the newcomer waits") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kConnectionRequest);
  fixture.options().maxPendingConnections = 2;
  const Peers asked = crowd(fixture, 2);
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kConnectionRequest) == 2; }));
  Peer honest(fixture.port());
  honest.send(request());
  REQUIRE_FALSE(fixture.until([&] { return accepted(fixture) > 2; }, 3 * kTickMs));
  CHECK_FALSE(honest.ended());
  CHECK(evicted(fixture) == 0);
  // As soon as one has its answer there is room.
  fixture.outbox.answerConnection(fixture.last(EventKind::kConnectionRequest).id, false);
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kConnectionRequest) == 3; }));
  fixture.outbox.answerConnection(fixture.last(EventKind::kConnectionRequest).id, true);
  CHECK(fixture.until([&] { return fixture.count(EventKind::kConnected) == 1; }));
  CHECK_FALSE(asked[0]->ended());
}

TEST_CASE("a server that has stopped while its clients waited listens again") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kConnectionRequest);
  fixture.options().maxPendingConnections = 1;
  const Peers asked = crowd(fixture, 2);
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kConnectionRequest) == 1; }));
  REQUIRE_FALSE(fixture.until([&] { return accepted(fixture) > 1; }, 2 * kTickMs));
  fixture.server().stopListening();
  fixture.server().disconnectAll();
  REQUIRE(fixture.server().startListening().ok());
  const Peer other(fixture.port());
  CHECK(fixture.until([&] { return fixture.count(EventKind::kConnectionRequest) == 2; }));
}

TEST_CASE(
    "connections that are not open yet do not count for MaxConnections, but may find it full") {
  ServerFixture fixture;
  fixture.options().maxConnections = 1;
  Peers peers = crowd(fixture, 2);
  REQUIRE(fixture.until([&] { return accepted(fixture) == 2; }));
  fixture.open(*peers[1]);
  peers[0]->send(request());
  REQUIRE(fixture.until([&] { return peers[0]->ended(); }));
  CHECK(peers[0]->received().starts_with("HTTP/1.1 503 "));
  CHECK(fixture.server().statistics().connectionsRefused == 1);
  CHECK(fixture.last(EventKind::kError).value == 10024);
  peers[1]->close();
  REQUIRE(disconnected(fixture));
  Peer later(fixture.port());
  fixture.open(later);
}

TEST_CASE("at MaxConnectionsPerAddress a silent one of the same address makes room") {
  ServerFixture fixture;
  fixture.options().maxConnectionsPerAddress = 2;
  Peers peers = crowd(fixture, 2);
  REQUIRE(fixture.until([&] { return accepted(fixture) == 2; }));
  takeTurns(fixture, 2);
  Peers honest = crowd(fixture, 2);
  for (const auto& peer : honest) fixture.open(*peer);
  CHECK(peers[0]->wasReset());
  CHECK(peers[1]->wasReset());
  CHECK(evicted(fixture) == 2);
  // Who is open does not.
  Peer fifth(fixture.port());
  REQUIRE(fixture.until([&] { return fifth.wasReset(); }));
  CHECK(fixture.server().statistics().connectionsRefused == 1);
  CHECK(fixture.server().connectedCount() == 2);
}

TEST_CASE("out of descriptors a silent connection makes room") {
  ServerFixture fixture;
  Peer silent(fixture.port());
  REQUIRE(fixture.until([&] { return accepted(fixture) == 1; }));
  takeTurns(fixture, 2);
  Peer honest(fixture.port());
  const int nextFree = ::fcntl(honest.fd(), F_DUPFD_CLOEXEC, 0);
  ::close(nextFree);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit lowered{static_cast<rlim_t>(nextFree), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  honest.send(request());
  const bool opened = fixture.until([&] { return fixture.count(EventKind::kConnected) == 1; });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(opened);
  CHECK(silent.wasReset());
  CHECK(evicted(fixture) == 1);
  CHECK(fixture.server().statistics().connectionsRefused == 0);
}

TEST_CASE("a process that may have few files open has fewer connections that are not open yet") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit lowered{server::kOtherDescriptors + 3, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  ServerFixture fixture;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  Peer open(fixture.port());
  fixture.open(open);
  const Peers silent = crowd(fixture, 4);
  CHECK(fixture.until([&] { return accepted(fixture) == 5; }));
  CHECK(evicted(fixture) == 2);
}

TEST_CASE("who has been reset before it was open leaves at once, wherever it waits") {
  ServerFixture fixture;
  SUBCASE("before it was accepted") {
    for (const std::string& sent : {std::string(), request()}) {
      Peer peer(fixture.port());
      peer.send(sent);
      peer.reset();
    }
    REQUIRE(fixture.until([&] { return accepted(fixture) == 2; }));
  }
  SUBCASE("with half a request") {
    Peer peer(fixture.port());
    peer.send("GET / HTTP/1.1\r\n");
    REQUIRE(fixture.until([&] { return accepted(fixture) == 1; }));
    takeTurns(fixture, 2);
    peer.send(request());
    peer.reset();
  }
  SUBCASE("while a handler is asked") {
    for (const EventKind kind : {EventKind::kConnectionRequest, EventKind::kWebSocketOpenRequest}) {
      fixture.want({kind, EventKind::kConnected});
      Peer peer(fixture.port());
      peer.send(request());
      REQUIRE(fixture.until([&] { return fixture.count(kind) == 1; }));
      peer.reset();
    }
  }
  fixture.server().stopListening();
  takeTurns(fixture, 3);
  CHECK(fixture.server().isIdle());
  CHECK(fixture.count(EventKind::kConnected) == 0);
}

TEST_CASE("handshakes of TLS whose clients have gone cost nobody his turn") {
  ServerFixture fixture;
  REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
  auto context = tls::ClientContext::create(credulous());
  REQUIRE(context.ok());
  ByteQueue hello;
  const auto client = tls::ClientSession::connect(context.value(), nullptr, hello);
  Peers peers = crowd(fixture, 60);
  for (const auto& peer : peers) peer->send(textOf(hello.bytes()));
  REQUIRE(fixture.until([&] { return accepted(fixture) == 60; }));
  SUBCASE("by a reset") {
    for (const auto& peer : peers) peer->reset();
  }
  SUBCASE("by a FIN") {
    for (const auto& peer : peers) peer->finish();
  }
  fixture.server().stopListening();
  // Sixty of them would take thirty turns.
  takeTurns(fixture, 5);
  std::size_t answered = 0;
  for (const auto& peer : peers) {
    answered += peer->fd() >= 0 && !peer->received().empty() ? 1U : 0U;
  }
  CHECK(answered <= 10);
  // Those who had been answered before may have a word to say yet.
  peers.clear();
  CHECK(fixture.until([&] { return fixture.server().isIdle(); }));
}

TEST_CASE("what came before a reset is delivered once the WebSocket is open") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  fixture.open(peer);
  peer.send(masked(Opcode::kText, "last words"));
  peer.reset();
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDataIn).payload == "last words");
}

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
  ServerFixture fixture;
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
  const std::uint64_t start = steadyMs();
  for (Peer* const peer : {&stalled, &dripping, &paused, &pieces}) peer->send(part);
  takeTurns(fixture, 3);
  fixture.server().find(pausedId)->setAcceptsData(false);
  for (std::uint64_t after = 300; after <= 2400; after += 300) {
    REQUIRE(fixture.until([&] { return steadyMs() >= start + after; }));
    dripping.send(masked(Opcode::kContinuation, "", false).substr(0, 6));
    dripping.send(masked(Opcode::kContinuation, "x", false));
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
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kLog);
  fixture.options().sendTimeout = 1;
  fixture.options().outBufferSize = kSmallBuffer;
  fixture.options().closeTimeout = 60;
  Peer honest(fixture.port());
  const std::int32_t honestId = fixture.open(honest);
  Peers deaf = crowd(fixture, 3, kSmallBuffer);
  std::vector<std::int32_t> ids;
  for (const auto& peer : deaf) ids.push_back(fixture.open(*peer));
  const std::uint64_t start = steadyMs();
  for (const std::int32_t id : ids) burden(fixture, id, 500'000);
  fixture.server().find(ids[1])->disconnect(1000, "");
  fixture.options().waitForCloseResponse = false;
  fixture.server().find(ids[2])->disconnect(1000, "");
  REQUIRE(fixture.until([&] { return steadyMs() >= start + 900; }));
  CHECK(fixture.count(EventKind::kDisconnected) == 1);
  REQUIRE(disconnected(fixture, 3));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
  CHECK(linesOf(fixture, "The peer took nothing for SendTimeout") == 3);
  for (const auto& peer : deaf) CHECK(peer->wasReset());
  fixture.outbox.text(honestId, "still here");
  CHECK(fixture.until([&] { return !honest.received().empty(); }));
  CHECK(fixture.server().connectedCount() == 1);
}

TEST_CASE("SendTimeout: who reads slowly but steadily gets everything") {
  ServerFixture fixture;
  fixture.options().sendTimeout = 1;
  constexpr std::size_t kSize = 8 * 1024 * 1024;
  // What the kernel holds lasts for longer than the timeout.
  Peer slow(fixture.port());
  const std::int32_t id = fixture.open(slow);
  CHECK(fixture.server().send(id, Opcode::kBinary, bytesOf(std::string(kSize, 's')), 0).ok());
  REQUIRE(fixture.server().find(id)->queuedBytes() > 0);
  std::string buffer(std::size_t{64} * 1024, '\0');
  std::size_t got = 0;
  const std::uint64_t start = steadyMs();
  while (steadyMs() < start + 4000) {
    const ssize_t count = ::recv(slow.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    got += count > 0 ? static_cast<std::size_t>(count) : 0;
    const std::uint64_t pause = steadyMs() + 60;
    fixture.until([&] { return steadyMs() >= pause; });
  }
  REQUIRE(fixture.count(EventKind::kDisconnected) == 0);
  CHECK(fixture.until([&] { return got + slow.received().size() >= kSize; }));
}

TEST_CASE("SendTimeout holds under TLS, and begins anew with all that is taken") {
  ServerFixture fixture;
  REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
  fixture.options().sendTimeout = 1;
  fixture.options().outBufferSize = kSmallBuffer;
  TlsPeer deaf(fixture.port());
  const std::int32_t id = open(fixture, deaf);
  burden(fixture, id, 8'000'000);
  REQUIRE(fixture.server().find(id)->queuedBytes() > 0);
  std::string buffer(std::size_t{64} * 1024, '\0');
  const std::uint64_t start = steadyMs();
  for (std::uint64_t after = 400; after <= 1600; after += 400) {
    REQUIRE(fixture.until([&] { return steadyMs() >= start + after; }));
    CHECK(::recv(deaf.socket().fd(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0);
  }
  CHECK(fixture.count(EventKind::kDisconnected) == 0);
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
