// SPDX-License-Identifier: MIT
// What a server keeps of its connections: properties, ids, and the words that JavaScript reads.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/listening/server.h"
#include "server/properties/config.h"
#include "server/properties/properties.h"
#include "server_fixture.h"

namespace wss::test {
namespace {

using ws::Opcode;

TEST_CASE("properties of a connection") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id =
      fixture.open(peer, "Origin: http://a.example\r\nSec-WebSocket-Protocol: x, y\r\n");
  server::Connection& connection = *fixture.server().find(id);
  const auto read = [&](std::string_view name) {
    const auto row = std::ranges::find(server::propertyTable(), name, &server::Property::name);
    REQUIRE(row != server::propertyTable().end());
    return row->read(connection);
  };
  using Value = server::PropertyValue;
  CHECK(read("AcceptData") == Value(true));
  CHECK(read("BytesSent") == Value(0));
  CHECK(read("Connected") == Value(true));
  CHECK(read("Host") == Value(std::string("server.example.com")));
  CHECK(read("LineMode") == Value(false));
  CHECK(read("LocalAddress") == Value(std::string("127.0.0.1")));
  CHECK(read("Origin") == Value(std::string("http://a.example")));
  CHECK(read("QueuedBytes") == Value(0));
  CHECK(read("ReadyToSend") == Value(true));
  CHECK(read("RemoteHost") == Value(std::string("127.0.0.1")));
  CHECK(std::get<int>(read("RemotePort")) > 0);
  CHECK(std::get<std::string>(read("RequestHeaders")).starts_with("Host: server.example.com\r\n"));
  CHECK(read("RequestURI") == Value(std::string("/chat")));
  CHECK(read("SubProtocols") == Value(std::string("x, y")));
  CHECK(read("Timeout") == Value(0));
  CHECK(read("MessageLength") == Value(0));
  CHECK(read("ConnectionUID") == Value(connection.uid()));
  CHECK(std::ranges::is_sorted(server::propertyTable(), {}, &server::Property::name));
  CHECK(std::ranges::count(server::propertyTable(), false, &server::Property::setting) == 16);

  const auto write = [&](std::string_view name, const Value& value) {
    const auto row = std::ranges::find(server::propertyTable(), name, &server::Property::name);
    REQUIRE(row != server::propertyTable().end());
    return server::writeProperty(connection, *row, value);
  };
  CHECK(write("Timeout", 86'400).ok());
  for (const int seconds : {-1, 86'401}) {
    const Result<void> written = write("Timeout", seconds);
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(read("Timeout") == Value(86'400));
  CHECK(write("AcceptData", false).ok());
  CHECK(read("AcceptData") == Value(false));
  CHECK(write("Origin", std::string("other")).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a connection that does not accept data reads none until it does") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  server::Connection& connection = *fixture.server().find(id);
  connection.setAcceptsData(false);
  peer.send(masked(Opcode::kText, "held back"));
  for (int i = 0; i < 5; ++i) fixture.turn();
  CHECK(fixture.count(EventKind::kDataIn) == 0);
  connection.setAcceptsData(true);
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == 1; }));
  CHECK(fixture.last(EventKind::kDataIn).payload == "held back");
}

TEST_CASE("ids that were never given out, or no longer are, find nobody") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  CHECK(fixture.server().find(id)->id() == id);
  const std::int32_t generation = 1 << server::kSlotBits;
  for (const std::int32_t other : {0, -1, -id, id + 1, id + generation, server::kSlotMask,
                                   INT32_MAX, INT32_MIN, INT32_MIN | id}) {
    CAPTURE(other);
    CHECK(fixture.server().find(other) == nullptr);
  }
  // Until Disconnected has been delivered the connection can be asked about, and no longer.
  bool found = false;
  fixture.onEvent = [&](const Event& event) {
    if (event.kind == EventKind::kDisconnected) found = fixture.server().find(id) != nullptr;
  };
  peer.close();
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  CHECK(found);
  CHECK(fixture.server().find(id) == nullptr);
  CHECK_FALSE(fixture.server().isIdle());
  fixture.server().stopListening();
  CHECK(fixture.server().isIdle());
}

TEST_CASE("after its Disconnected nobody may ask for a connection, though TCP has not ended") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  CHECK(fixture.server().ask(id) != nullptr);
  bool found = false;
  fixture.onEvent = [&](const Event& event) {
    if (event.kind == EventKind::kDisconnected) found = fixture.server().ask(id) != nullptr;
  };
  // What follows the Close keeps us from closing first.
  peer.send(masked(ws::Opcode::kClose, closePayload(1000)) + "more");
  REQUIRE(disconnected(fixture));
  CHECK(found);
  REQUIRE(fixture.server().find(id) != nullptr);
  CHECK(fixture.server().ask(id) == nullptr);
  CHECK(fixture.count(EventKind::kForgotten) == 0);
  CHECK_FALSE(
      server::readConfig(fixture.server(), "MessageLength[" + std::to_string(id) + "]").ok());
}

TEST_CASE("who has been asked for is told of when it ends without having been open") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kLog);
  fixture.options().logLevel = 3;
  for (const bool asked : {false, true}) {
    CAPTURE(asked);
    fixture.events.clear();
    fixture.onEvent = [&](const Event& event) {
      if (asked && event.id != 0) (void)fixture.server().ask(event.id);
    };
    Peer peer(fixture.port());
    REQUIRE(fixture.until([&] { return fixture.count(EventKind::kLog) > 0; }));
    const std::int32_t id = fixture.last(EventKind::kLog).id;
    peer.send("no request\r\n\r\n");
    REQUIRE(fixture.until([&] { return peer.ended(); }));
    peer.close();
    REQUIRE(fixture.until([&] { return fixture.server().find(id) == nullptr; }));
    fixture.turn();
    CHECK(fixture.count(EventKind::kForgotten) == (asked ? 1 : 0));
  }
}

TEST_CASE("a slot is used again only after 4096 connections, and under another id") {
  constexpr std::int32_t kSlots = 4096;
  ServerFixture fixture;
  fixture.want({EventKind::kConnectionRequest});
  std::vector<std::int32_t> ids;
  std::set<std::string> uids;
  for (std::int32_t i = 0; i < 2 * kSlots + 2; ++i) {
    Peer peer(fixture.port());
    const std::size_t before = fixture.events.size();
    REQUIRE(fixture.until([&] { return fixture.events.size() > before; }));
    ids.push_back(fixture.events.back().id);
    REQUIRE(uids.insert(fixture.server().find(ids.back())->uid()).second);
    fixture.outbox.answerConnection(ids.back(), false);
    REQUIRE(fixture.until([&] { return fixture.events.size() == before + 2; }));
    REQUIRE(fixture.events.back().kind == EventKind::kForgotten);
    REQUIRE(fixture.events.back().id == ids.back());
    peer.reset();
  }
  std::vector<std::int32_t> unique = ids;
  std::ranges::sort(unique);
  CHECK(std::ranges::adjacent_find(unique) == unique.end());
  CHECK(unique.front() > 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto slot = static_cast<std::int32_t>(i) % kSlots + 1;
    const auto generation = static_cast<std::int32_t>(i) / kSlots;
    REQUIRE(ids[i] == (generation << server::kSlotBits | slot));
  }
}

TEST_CASE("a connection is found by its uid, of this server and while it is open") {
  ServerFixture fixture;
  server::Server& server = fixture.server();
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  const std::string uid = server.find(id)->uid();
  REQUIRE(uid.starts_with(server.nodeId() + "-"));
  CHECK(server.idOf(uid) == id);
  ServerFixture other;
  CHECK(other.server().nodeId() != server.nodeId());
  Peer otherPeer(other.port());
  other.open(otherPeer);
  CHECK(other.server().idOf(uid) == 0);
  const std::string node = server.nodeId();
  for (const std::string& none :
       {std::string(), node, node + "-", uid + " ", uid + "0",
        node + "-0" + uid.substr(node.size() + 1), node + "-ffffffffffffffff",
        std::string("-") + uid.substr(node.size() + 1), "x" + uid, node + "-1ffffffffffffffff0"}) {
    INFO(none);
    CHECK(server.idOf(none) == 0);
  }
  peer.send(masked(ws::Opcode::kClose, ""));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  CHECK(server.idOf(uid) == 0);
}

TEST_CASE("the status word says how to send") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kWebSocketOpenRequest);
  Peer peer(fixture.port());
  peer.send(request());
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kWebSocketOpenRequest) == 1; }));
  const std::int32_t id = fixture.last(EventKind::kWebSocketOpenRequest).id;
  CHECK(fixture.statusOf(id) == 0);
  fixture.outbox.answerOpen(id, 101);
  fixture.turn();
  CHECK(fixture.statusOf(id) == id);
  server::Connection& connection = *fixture.server().find(id);
  connection.setTimeoutSeconds(5);
  CHECK(fixture.statusOf(id) == -id);
  connection.setTimeoutSeconds(0);
  CHECK(fixture.statusOf(id) == id);
  connection.disconnect(1000, "");
  CHECK(fixture.statusOf(id) == 0);
  connection.setTimeoutSeconds(5);
  CHECK(fixture.statusOf(id) == 0);
}

}  // namespace
}  // namespace wss::test
