// SPDX-License-Identifier: MIT
// Connections that are not open yet: a crowd of them keeps nobody out.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

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

std::uint64_t accepted(ServerFixture& fixture) {
  return fixture.server().statistics().connectionsAccepted;
}

std::uint64_t evicted(ServerFixture& fixture) {
  return fixture.server().statistics().connectionsEvicted;
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

}  // namespace
}  // namespace wss::test
