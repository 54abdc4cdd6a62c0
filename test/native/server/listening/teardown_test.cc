// SPDX-License-Identifier: MIT
// How connections go with others, or with the server itself.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server_fixture.h"

namespace wss::test {
namespace {

using ws::Opcode;

TEST_CASE("disconnecting all says goodbye to the open and cuts the others") {
  ServerFixture fixture;
  fixture.options().disconnectStatusCode = 1001;
  fixture.options().disconnectStatusDescription = "going";
  Peer open(fixture.port());
  Peer other(fixture.port());
  fixture.open(open);
  fixture.open(other);
  fixture.alsoWant(EventKind::kWebSocketOpenRequest);
  Peer silent(fixture.port());
  Peer asking(fixture.port());
  asking.send(request());
  REQUIRE(fixture.until([&] {
    return fixture.count(EventKind::kWebSocketOpenRequest) == 1 &&
           fixture.server().statistics().connectionsAccepted == 4;
  }));
  CHECK(fixture.server().connectedIds().size() == 2);
  fixture.server().disconnectAll();
  const std::string close = plain(Opcode::kClose, closePayload(1001, "going"));
  REQUIRE(fixture.until([&] { return open.received() == close && other.received() == close; }));
  CHECK(fixture.until([&] { return silent.wasReset() && asking.wasReset(); }));
  CHECK(fixture.count(EventKind::kForgotten) == 1);  // of the other, nobody knows
  open.send(masked(Opcode::kClose, closePayload(1001)));
  other.send(masked(Opcode::kClose, closePayload(1001)));
  CHECK(disconnected(fixture, 2));
  CHECK(isEmpty(fixture));
}

TEST_CASE("a connection that is to be flushed may go before it is") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  Peer other(fixture.port());
  fixture.open(peer);
  fixture.open(other);
  peer.send(masked(Opcode::kPing, "p"));
  other.send(masked(Opcode::kPing, "q"));
  fixture.loop().run(100);
  peer.reset();
  fixture.loop().run(100);
  fixture.loop().run(0);
  // Released with its Pong unsent; the other's is sent all the same.
  fixture.deliver();
  CHECK(fixture.count(EventKind::kDisconnected) == 1);
  CHECK(fixture.until([&] { return other.received() == plain(Opcode::kPong, "q"); }));
}

TEST_CASE("a connection may go between the Close that it reads and the flush that follows") {
  ServerFixture fixture;
  fixture.options().outBufferSize = 4096;
  Peer peer(fixture.port(), 4096);
  const std::int32_t id = fixture.open(peer);
  const std::string payload(4'000'000, 'x');
  REQUIRE(fixture.server().send(id, Opcode::kBinary, bytesOf(payload), 1).ok());
  REQUIRE_FALSE(fixture.server().find(id)->isReadyToSend());
  fixture.server().find(id)->disconnect(1000, "");
  // One event of the poller tells of the Close, of the reset, and that it could be written.
  peer.send(masked(Opcode::kClose, closePayload(1000)));
  peer.reset();
  CHECK(disconnected(fixture));
  CHECK(isEmpty(fixture));
}

TEST_CASE("a server goes with connections in every state") {
  using Prepare = std::function<void(ServerFixture&, Peer&)>;
  struct Row {
    std::string_view name;
    Prepare prepare;
  };
  const auto asked = [](ServerFixture& fixture, EventKind kind) {
    return fixture.until([&] { return fixture.count(kind) == 1; });
  };
  const Row rows[] = {
      {"not accepted", [](ServerFixture&, Peer&) {}},
      {"asked about",
       [&](ServerFixture& fixture, Peer&) {
         fixture.alsoWant(EventKind::kConnectionRequest);
         REQUIRE(asked(fixture, EventKind::kConnectionRequest));
       }},
      {"asked about and gone",
       [&](ServerFixture& fixture, Peer& peer) {
         fixture.alsoWant(EventKind::kConnectionRequest);
         REQUIRE(asked(fixture, EventKind::kConnectionRequest));
         peer.reset();
       }},
      {"half a request",
       [](ServerFixture& fixture, Peer& peer) {
         peer.send(request().substr(0, 20));
         fixture.turn(100);
         fixture.turn(100);
       }},
      {"asked to open",
       [&](ServerFixture& fixture, Peer& peer) {
         fixture.alsoWant(EventKind::kWebSocketOpenRequest);
         peer.send(request());
         REQUIRE(asked(fixture, EventKind::kWebSocketOpenRequest));
       }},
      {"refused",
       [](ServerFixture& fixture, Peer& peer) {
         peer.send("nonsense\r\n\r\n");
         REQUIRE(fixture.until([&] { return peer.ended(); }));
       }},
      {"open", [](ServerFixture& fixture, Peer& peer) { fixture.open(peer); }},
      {"in the middle of a message",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.open(peer);
         peer.send(masked(Opcode::kText, "a", false) + masked(Opcode::kText, "b").substr(0, 3));
         fixture.turn(100);
       }},
      {"with a Pong to send",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.open(peer);
         peer.send(masked(Opcode::kPing, "p"));
         fixture.loop().run(100);
       }},
      {"with messages that nobody has handled",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.open(peer);
         peer.send(masked(Opcode::kText, "m"));
         fixture.loop().run(100);
       }},
      {"the peer's Close read",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.open(peer);
         peer.send(masked(Opcode::kClose, ""));
         fixture.loop().run(100);
       }},
      {"our Close sent",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.server().find(fixture.open(peer))->disconnect(1000, "");
         fixture.turn();
       }},
      {"draining",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.options().waitForCloseResponse = false;
         fixture.server().find(fixture.open(peer))->disconnect(1000, "");
         fixture.turn();
       }},
      {"reset, its Disconnected not delivered",
       [](ServerFixture& fixture, Peer& peer) {
         fixture.open(peer);
         peer.reset();
         fixture.loop().run(100);
         fixture.loop().run(0);
       }},
      {"with a ping and a message that wait",
       [](ServerFixture& fixture, Peer& peer) {
         server::Connection& connection = *fixture.server().find(fixture.open(peer));
         connection.setTimeoutSeconds(5);
         REQUIRE(connection.ping(1).ok());
       }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ServerFixture fixture;
    Peer peer(fixture.port());
    row.prepare(fixture, peer);
    fixture.destroyServer();
    if (peer.fd() >= 0) CHECK(peer.ended());
  }

  ServerFixture together;
  std::vector<std::unique_ptr<Peer>> peers;
  for (const Row& row : rows) {
    if (row.name.starts_with("asked")) continue;
    peers.push_back(std::make_unique<Peer>(together.port()));
    row.prepare(together, *peers.back());
  }
  together.destroyServer();
  CHECK_FALSE(together.loop().ticking());
}

}  // namespace
}  // namespace wss::test
