// SPDX-License-Identifier: MIT
// How connections end: by either side, in the middle of things, with all that came before still
// answered, and with the server itself.
#include <doctest/doctest.h>
#include <poll.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server_fixture.h"

namespace wss::test {
namespace {

using ws::Opcode;

/// Echoes every message.
void echo(ServerFixture& fixture) {
  fixture.onEvent = [&fixture](const Event& event) {
    if (event.kind == EventKind::kDataIn) fixture.outbox.text(event.id, event.payload);
  };
}

TEST_CASE("what came before the last frame is answered before it") {
  struct Row {
    std::string_view name;
    std::string last;
    int code;                 ///< of Disconnected
    std::string description;  ///< of Disconnected, or how it starts
    std::string answer;       ///< the payload of our Close
  };
  const std::string rule = "RFC 6455 §";
  const auto closed = [](int code, std::string_view reason) {
    return closePayload(static_cast<std::uint16_t>(code), reason);
  };
  const Row rows[] = {
      {"Close", masked(Opcode::kClose, closed(1000, "done")), 1000, "done", closed(1000, "")},
      {"Close without a code", masked(Opcode::kClose, ""), 1005, "", ""},
      {"Close with a code of theirs", masked(Opcode::kClose, closed(4321, "")), 4321, "",
       closed(4321, "")},
      {"Close, and more after it", masked(Opcode::kClose, closed(1001, "")) + "garbage", 1001, "",
       closed(1001, "")},
      {"bad opcode", masked(static_cast<Opcode>(3), "x"), 1002, rule, {}},
      {"unmasked frame", plain(Opcode::kText, "x"), 1002, rule, {}},
      {"bad UTF-8", masked(Opcode::kText, "\xFF"), 1007, rule, {}},
      {"too large", masked(Opcode::kBinary, std::string(2000, 'x')), 1009, "", {}},
      {"Close with a code that none may send", masked(Opcode::kClose, "\x03\xED"), 1002, rule, {}},
  };
  for (const bool inOnePacket : {true, false}) {
    for (const Row& row : rows) {
      CAPTURE(row.name);
      CAPTURE(inOnePacket);
      ServerFixture fixture;
      fixture.options().maxMessageSize = 1999;
      echo(fixture);
      Peer peer(fixture.port());
      fixture.open(peer);
      const std::string messages =
          masked(Opcode::kText, "one") + masked(Opcode::kPing, "p") + masked(Opcode::kText, "two");
      if (inOnePacket) {
        peer.send(messages + row.last);
      } else {
        peer.send(messages);
        REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == 2; }));
        peer.send(row.last);
      }
      REQUIRE(disconnected(fixture));
      const Event& last = fixture.last(EventKind::kDisconnected);
      CHECK(last.value == row.code);
      CHECK(last.payload.starts_with(row.description));
      REQUIRE(fixture.until([&] { return peer.ended(); }));
      CHECK_FALSE(peer.wasReset());
      const bool failed = row.description == rule || row.code == 1009;
      const std::string answer =
          failed ? closePayload(static_cast<std::uint16_t>(row.code), last.payload) : row.answer;
      CHECK(peer.received() == plain(Opcode::kPong, "p") + plain(Opcode::kText, "one") +
                                   plain(Opcode::kText, "two") + plain(Opcode::kClose, answer));
      CHECK(fixture.server().connectedCount() == 0);
      peer.close();
      CHECK(isEmpty(fixture));
    }
  }
}

TEST_CASE("between the peer's Close and the end of the turn the connection is still open") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  peer.send(masked(Opcode::kText, "last words") + masked(Opcode::kClose, closePayload(1000)));
  bool readyInHandler = false;
  fixture.onEvent = [&](const Event& event) {
    server::Connection* const connection = fixture.server().find(id);
    if (event.kind == EventKind::kDataIn) {
      readyInHandler = connection->isReadyToSend() && fixture.statusOf(id) == id;
      // Too late to begin the closing handshake: the peer has begun it already.
      connection->disconnect(3000, "ours");
    }
    if (event.kind == EventKind::kDisconnected) {
      CHECK(fixture.statusOf(id) == 0);
      CHECK_FALSE(connection->isOpen());
      CHECK(connection->request().uri() == "/chat");
      CHECK(connection->local().port == fixture.port());
    }
  };
  REQUIRE(disconnected(fixture));
  CHECK(readyInHandler);
  CHECK(fixture.last(EventKind::kDisconnected).value == 1000);
  CHECK(fixture.until([&] { return peer.ended(); }));
  CHECK(peer.received() == plain(Opcode::kClose, closePayload(1000)));
}

TEST_CASE("a Close is not answered while its connection is held; those of others are") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  Peer other(fixture.port());
  const std::int32_t id = fixture.open(peer);
  fixture.open(other);
  fixture.server().hold(id);
  fixture.server().hold(0);
  for (Peer* const each : {&peer, &other}) {
    each->send(masked(Opcode::kClose, closePayload(1000)));
  }
  REQUIRE(fixture.until([&] { return !other.received().empty(); }));
  fixture.server().unhold();
  fixture.turn();
  CHECK(peer.received().empty());
  CHECK(fixture.server().send(id, Opcode::kText, bytesOf("answer"), 0).ok());
  fixture.server().unhold();
  REQUIRE(disconnected(fixture, 2));
  REQUIRE(fixture.until([&] { return peer.ended(); }));
  CHECK(peer.received() ==
        plain(Opcode::kText, "answer") + plain(Opcode::kClose, closePayload(1000)));
}

TEST_CASE("a closing handshake of ours waits for the peer's Close, and still takes its messages") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  server::Connection& connection = *fixture.server().find(id);
  connection.disconnect(3000, "enough");
  connection.disconnect(3001, "twice");
  const std::string close = plain(Opcode::kClose, closePayload(3000, "enough"));
  REQUIRE(fixture.until([&] { return peer.received() == close; }));
  CHECK_FALSE(connection.isOpen());
  CHECK(connection.isConnected());
  CHECK(fixture.server().connectedCount() == 1);
  const auto sent = fixture.server().send(id, Opcode::kText, bytesOf("late"), 0);
  CHECK(sent.error().code == ErrorCode::kInvalidConnectionId);
  CHECK(connection.ping(1).error().code == ErrorCode::kInvalidConnectionId);

  peer.send(masked(Opcode::kText, "on its way") + masked(Opcode::kPing, "p"));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kPing) == 1; }));
  CHECK(fixture.last(EventKind::kDataIn).payload == "on its way");
  CHECK(fixture.count(EventKind::kDisconnected) == 0);
  peer.send(masked(Opcode::kClose, closePayload(3000, "enough")));
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 3000);
  CHECK(fixture.last(EventKind::kDisconnected).payload == "enough");
  CHECK(fixture.until([&] { return peer.ended(); }));
  CHECK(peer.received() == close);
  CHECK(isEmpty(fixture));
}

TEST_CASE("a broken frame instead of the peer's Close ends the wait, without a second Close") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  fixture.server().find(fixture.open(peer))->disconnect(1000, "");
  peer.send(masked(static_cast<Opcode>(7), ""));
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1002);
  CHECK(fixture.until([&] { return peer.ended(); }));
  CHECK(peer.received() == plain(Opcode::kClose, closePayload(1000)));
  peer.close();
  CHECK(isEmpty(fixture));
}

TEST_CASE("without waiting for the peer's Close the connection ends at once") {
  ServerFixture fixture;
  fixture.options().waitForCloseResponse = false;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  fixture.outbox.text(id, "before");
  fixture.turn();
  fixture.server().find(id)->disconnect(1001, "bye");
  CHECK(fixture.server().connectedCount() == 0);
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1001);
  REQUIRE(fixture.until([&] { return peer.ended(); }));
  CHECK(peer.received() ==
        plain(Opcode::kText, "before") + plain(Opcode::kClose, closePayload(1001, "bye")));
  // What the peer still has to say is thrown away, not answered with a reset.
  peer.send(masked(Opcode::kText, "after") + masked(Opcode::kClose, closePayload(1001)));
  for (int i = 0; i < 3; ++i) fixture.turn();
  CHECK_FALSE(peer.wasReset());
  CHECK(fixture.count(EventKind::kDataIn) == 0);
  peer.close();
  CHECK(isEmpty(fixture));
}

TEST_CASE("a peer that leaves without a Close is reported as 1006") {
  using Leave = std::function<void(Peer&)>;
  struct Row {
    std::string_view name;
    Leave leave;
  };
  const Row rows[] = {
      {"closed", [](Peer& peer) { peer.close(); }},
      {"half closed", [](Peer& peer) { peer.finish(); }},
      {"reset", [](Peer& peer) { peer.reset(); }},
      {"in the middle of a frame",
       [](Peer& peer) {
         peer.send(masked(Opcode::kText, "cut").substr(0, 5));
         peer.finish();
       }},
      {"in the middle of a message",
       [](Peer& peer) {
         peer.send(masked(Opcode::kText, "cut", false));
         peer.finish();
       }},
  };
  for (const bool whileClosing : {false, true}) {
    for (const bool paused : {false, true}) {
      for (const Row& row : rows) {
        // Who does not read sees the end only when nothing is left to read before it.
        const bool leftSome = row.name.starts_with("in the middle");
        if (paused && !whileClosing && leftSome) continue;
        CAPTURE(row.name);
        CAPTURE(whileClosing);
        CAPTURE(paused);
        ServerFixture fixture;
        Peer peer(fixture.port());
        server::Connection& connection = *fixture.server().find(fixture.open(peer));
        if (paused) connection.setAcceptsData(false);
        fixture.turn();
        if (whileClosing) connection.disconnect(1000, "");
        fixture.turn();
        peer.received();
        row.leave(peer);
        REQUIRE(disconnected(fixture));
        CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
        CHECK(isEmpty(fixture));
      }
    }
  }
}

TEST_CASE("a peer that resets before its last messages are answered is not forgotten") {
  ServerFixture fixture;
  echo(fixture);
  Peer peer(fixture.port());
  fixture.open(peer);
  peer.send(masked(Opcode::kText, "answer this") + masked(Opcode::kClose, closePayload(1000)));
  fixture.loop().run(100);
  peer.reset();
  fixture.handle();
  CHECK(disconnected(fixture));
  CHECK(isEmpty(fixture));
}

TEST_CASE("one Disconnected, whatever else happens") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  fixture.onEvent = [&](const Event& event) {
    if (event.kind != EventKind::kDisconnected) return;
    fixture.server().find(id)->disconnect(1000, "");
    fixture.server().disconnectAll();
    fixture.outbox.text(id, "x");
  };
  peer.send(masked(Opcode::kClose, "") + masked(Opcode::kClose, ""));
  REQUIRE(disconnected(fixture));
  REQUIRE(fixture.until([&] { return peer.ended(); }));
  peer.reset();
  REQUIRE(isEmpty(fixture));
  CHECK(fixture.count(EventKind::kDisconnected) == 1);
  CHECK(fixture.last(EventKind::kError).value == 4202);
}

TEST_CASE("who does not accept data gets what came before the peer's end first") {
  for (const bool closes : {false, true}) {
    CAPTURE(closes);
    ServerFixture fixture;
    Peer peer(fixture.port());
    server::Connection& connection = *fixture.server().find(fixture.open(peer));
    connection.setAcceptsData(false);
    peer.send(masked(Opcode::kText, "last words"));
    if (closes) peer.send(masked(Opcode::kClose, closePayload(1000)));
    peer.finish();
    REQUIRE(fixture.until([&] { return connection.hasUnreadBytes(); }));
    for (int i = 0; i < 5; ++i) fixture.turn();
    // It is not asked about again and again.
    pollfd backend{fixture.loop().backendFd(), POLLIN, 0};
    CHECK(::poll(&backend, 1, 0) == 0);
    REQUIRE(fixture.count(EventKind::kDisconnected) == 0);
    connection.setAcceptsData(true);
    REQUIRE(disconnected(fixture));
    CHECK(fixture.last(EventKind::kDataIn).payload == "last words");
    CHECK(fixture.last(EventKind::kDisconnected).value == (closes ? 1000 : 1006));
    CHECK(isEmpty(fixture));
  }
}

TEST_CASE("while a handler keeps a Close from being answered, the loop has nothing to do") {
  for (const bool paused : {false, true}) {
    CAPTURE(paused);
    ServerFixture fixture;
    Peer peer(fixture.port());
    const std::int32_t id = fixture.open(peer);
    fixture.server().hold(id);
    peer.send(masked(Opcode::kText, "last words") + masked(Opcode::kClose, closePayload(1000)));
    REQUIRE(fixture.until([&] { return fixture.server().hasLastFrames(); }));
    if (paused) fixture.server().find(id)->setAcceptsData(false);
    peer.send("what follows is for nobody");
    peer.finish();
    REQUIRE(fixture.until([&] { return fixture.server().find(id)->hasUnreadBytes(); }));
    for (int i = 0; i < 3; ++i) fixture.turn();
    pollfd backend{fixture.loop().backendFd(), POLLIN, 0};
    CHECK(::poll(&backend, 1, 0) == 0);
    CHECK_FALSE(fixture.loop().pending());
    CHECK(fixture.count(EventKind::kDisconnected) == 0);
    fixture.server().unhold();
    REQUIRE(disconnected(fixture));
    CHECK(fixture.last(EventKind::kDisconnected).value == 1000);
    CHECK(fixture.until([&] { return peer.ended(); }));
    CHECK_FALSE(peer.wasReset());
    CHECK(peer.received() == plain(Opcode::kClose, closePayload(1000, "")));
    CHECK(isEmpty(fixture));
  }
}

}  // namespace
}  // namespace wss::test
