// SPDX-License-Identifier: MIT
// Connections that open, talk and are told apart. How they end is in ending_test.cc, what slows
// or stops them in listening/limits_test.cc.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "server/listening/server.h"
#include "server/properties/properties.h"
#include "server_fixture.h"

#ifdef __linux__
#include <linux/tcp.h>
#endif

namespace wss::test {
namespace {

using server::kEndOfMessage;
using server::kIsAscii;
using server::kIsResponse;
using ws::Opcode;

constexpr auto kText = static_cast<std::int32_t>(Opcode::kText);
constexpr auto kBinary = static_cast<std::int32_t>(Opcode::kBinary);

TEST_CASE("from the connection to the messages, in any pieces") {
  struct Message {
    std::int32_t format;
    std::int32_t flags;
    std::string payload;
  };
  const std::string large(100'000, 'l');
  const Message expected[] = {
      {kText, kEndOfMessage | kIsAscii, ""},
      {kText, kEndOfMessage | kIsAscii, "text"},
      {kText, kEndOfMessage, "\xC3\xA4"},
      {kBinary, kEndOfMessage, std::string("\0\xFF", 2)},
      {kText, kEndOfMessage | kIsAscii, "in three parts"},
      {kBinary, kEndOfMessage, large},
      {kText, kEndOfMessage | kIsAscii, "the end"},
  };
  const std::string bytes =
      request() + masked(Opcode::kText, "") + masked(Opcode::kText, "text") +
      masked(Opcode::kText, "\xC3\xA4") + masked(Opcode::kBinary, expected[3].payload) +
      masked(Opcode::kText, "in ", false) + masked(Opcode::kContinuation, "three", false) +
      masked(Opcode::kPing, "?") + masked(Opcode::kContinuation, " parts") +
      masked(Opcode::kBinary, large) + masked(Opcode::kText, "the end");

  for (const std::size_t chunk : {bytes.size(), std::size_t{1}, std::size_t{7}, std::size_t{999}}) {
    CAPTURE(chunk);
    ServerFixture fixture;
    Peer peer(fixture.port());
    for (std::string_view rest = bytes; !rest.empty();) {
      // The head of what is large goes by bytes; its middle would take too long that way.
      const bool inLarge = chunk < 100 && rest.size() < large.size() && rest.size() > 100;
      const std::size_t size = inLarge ? rest.size() - 100 : chunk;
      rest.remove_prefix(peer.offer(rest.substr(0, size)));
      fixture.turn();
    }
    REQUIRE(
        fixture.until([&] { return fixture.count(EventKind::kDataIn) == std::size(expected); }));
    REQUIRE(fixture.until(
        [&] { return peer.received() == std::string(kSwitching) + plain(Opcode::kPong, "?"); }));
    REQUIRE(fixture.events.size() == 3 + std::size(expected));
    CHECK(fixture.events[0].kind == EventKind::kConnected);
    CHECK(fixture.events[1].kind == EventKind::kReadyToSend);
    const std::int32_t id = fixture.events[0].id;
    CHECK(fixture.server().connectedIds() == std::vector{id});
    std::erase_if(fixture.events,
                  [](const Event& event) { return event.kind != EventKind::kDataIn; });
    for (std::size_t i = 0; i < std::size(expected); ++i) {
      CAPTURE(i);
      CHECK(fixture.events[i].id == id);
      CHECK(fixture.events[i].value == expected[i].format);
      CHECK(fixture.events[i].flags == expected[i].flags);
      CHECK(fixture.events[i].payload == expected[i].payload);
    }
    const server::Statistics& statistics = fixture.server().statistics();
    CHECK(statistics.connectionsAccepted == 1);
    CHECK(statistics.messagesIn == std::size(expected));
    CHECK(statistics.bytesIn == 4 + 2 + 2 + 14 + large.size() + 7);
  }
}

TEST_CASE("nobody is told what nobody wants, and it is counted all the same") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  fixture.open(peer);
  fixture.want({});
  fixture.events.clear();
  peer.send(masked(Opcode::kText, "one") + masked(Opcode::kPing, "p") +
            masked(Opcode::kText, "t", false) + masked(Opcode::kContinuation, "wo"));
  REQUIRE(fixture.until([&] { return fixture.server().statistics().messagesIn == 2; }));
  CHECK(fixture.server().statistics().bytesIn == 6);
  CHECK(fixture.events.empty());
  peer.send(masked(Opcode::kText, "\xFF"));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1007);
}

TEST_CASE("messages of every size get their headers in front of them") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  std::string expected;
  for (const int size : {0, 1, 125, 126, 127, 65'535, 65'536, 70'000}) {
    const std::string payload(static_cast<std::size_t>(size), 'm');
    fixture.outbox.message(id, Opcode::kBinary, payload);
    expected += plain(Opcode::kBinary, payload);
  }
  CHECK(fixture.until([&] { return peer.received() == expected; }));
  CHECK(fixture.server().statistics().messagesOut == 8);
  CHECK(fixture.server().statistics().bytesOut == 125 + 126 + 127 + 65'535 + 65'536 + 70'001);
  CHECK(fixture.server().find(id)->bytesSent() == 70'000);
}

TEST_CASE("control frames are sent as they are asked for, and not counted") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  fixture.outbox.message(id, Opcode::kPing, "ping");
  fixture.outbox.message(id, Opcode::kPong, "pong");
  const std::string expected = plain(Opcode::kPing, "ping") + plain(Opcode::kPong, "pong");
  CHECK(fixture.until([&] { return peer.received() == expected; }));
  CHECK(fixture.server().statistics().messagesOut == 0);
}

#ifdef __linux__
/// How many segments with data a client has got; each write of a little makes one.
std::uint32_t segmentsTo(const Peer& peer) {
  tcp_info info{};
  socklen_t size = sizeof info;
  ::getsockopt(peer.fd(), IPPROTO_TCP, TCP_INFO, &info, &size);
  return info.tcpi_data_segs_in;
}

TEST_CASE("a connection's messages of one batch leave in order and in one write") {
  ServerFixture fixture;
  Peer a(fixture.port());
  Peer b(fixture.port());
  Peer c(fixture.port());
  const std::int32_t ids[] = {fixture.open(a), fixture.open(b), fixture.open(c)};
  Peer* const peers[] = {&a, &b, &c};
  // Runs of one connection that follow each other, and others in between.
  const std::string_view order = "aabacbbaac";
  std::string expected[3];
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto peer = static_cast<std::size_t>(order[i] - 'a');
    const std::string payload(i % 4 == 3 ? 300 : 3, static_cast<char>('0' + i));
    fixture.outbox.text(ids[peer], payload);
    expected[peer] += plain(Opcode::kText, payload);
  }
  std::uint32_t before[3];
  for (std::size_t i = 0; i < 3; ++i) before[i] = segmentsTo(*peers[i]);
  fixture.outbox.perform(fixture.server());
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(peers[i]->received() == expected[i]);
    CHECK(segmentsTo(*peers[i]) == before[i] + 1);
  }
}

TEST_CASE("a Pong and a message leave in one write, the Pong first") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  fixture.open(peer);
  fixture.onEvent = [&](const Event& event) {
    if (event.kind == EventKind::kDataIn) fixture.outbox.text(event.id, event.payload);
  };
  const std::uint32_t before = segmentsTo(peer);
  peer.send(masked(Opcode::kText, "echo") + masked(Opcode::kPing, "p"));
  const std::string expected = plain(Opcode::kPong, "p") + plain(Opcode::kText, "echo");
  CHECK(fixture.until([&] { return peer.received() == expected; }));
  CHECK(segmentsTo(peer) == before + 1);
}
#endif

TEST_CASE("texts that were written one after the other are sent one by one, among others") {
  ServerFixture fixture;
  Peer a(fixture.port());
  Peer b(fixture.port());
  const std::int32_t ids[] = {fixture.open(a), fixture.open(b)};
  fixture.outbox.texts(ids[0], std::array<std::string_view, 3>{"one", "2", "three"});
  fixture.outbox.message(ids[0], Opcode::kBinary, "bytes");
  fixture.outbox.texts(ids[1], std::array<std::string_view, 2>{"for b", "too"});
  // They are passed over even where there is nobody any more.
  fixture.outbox.texts(ids[1] + 1, std::array<std::string_view, 1>{"for nobody"});
  fixture.outbox.texts(ids[0], std::array<std::string_view, 1>{"end"});
  fixture.outbox.perform(fixture.server());
  const std::string toA = plain(Opcode::kText, "one") + plain(Opcode::kText, "2") +
                          plain(Opcode::kText, "three") + plain(Opcode::kBinary, "bytes") +
                          plain(Opcode::kText, "end");
  const std::string toB = plain(Opcode::kText, "for b") + plain(Opcode::kText, "too");
  CHECK(fixture.until([&] { return a.received() == toA && b.received() == toB; }));
}

TEST_CASE("messages sent outside of a batch keep their order") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  fixture.outbox.text(id, "1");
  fixture.outbox.perform(fixture.server());
  CHECK(fixture.server().send(id, Opcode::kText, bytesOf("2"), 0).value());
  CHECK(fixture.server().find(id)->bytesSent() == 1);
  REQUIRE(fixture.server().find(id)->ping(77).ok());
  CHECK(fixture.server().send(id, Opcode::kBinary, bytesOf("33"), 0).value());
  fixture.outbox.text(id, "4");
  std::int32_t token = 77;
  const std::string pinged(reinterpret_cast<const char*>(&token), sizeof token);
  const std::string expected = plain(Opcode::kText, "1") + plain(Opcode::kText, "2") +
                               plain(Opcode::kPing, pinged) + plain(Opcode::kBinary, "33") +
                               plain(Opcode::kText, "4");
  CHECK(fixture.until([&] { return peer.received() == expected; }));
  CHECK(fixture.server().statistics().messagesOut == 4);
  CHECK(fixture.server().statistics().bytesOut == 5);
}

TEST_CASE("a message to a connection that has gone is an error, and the others go out") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  Peer gone(fixture.port());
  const std::int32_t id = fixture.open(peer);
  const std::int32_t goneId = fixture.open(gone);
  gone.reset();
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  for (const std::int32_t to : {goneId, id, 0, 4711}) fixture.outbox.text(to, "x");
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kError) == 3; }));
  CHECK(fixture.last(EventKind::kError).value == 4202);
  CHECK(fixture.last(EventKind::kError).id == 4711);
  CHECK(peer.received() == plain(Opcode::kText, "x"));
  CHECK(fixture.server().statistics().messagesOut == 1);

  const auto sent = fixture.server().send(goneId, Opcode::kText, bytesOf("x"), 0);
  REQUIRE_FALSE(sent.ok());
  CHECK(sent.error().code == ErrorCode::kInvalidConnectionId);
}

TEST_CASE("pings are answered, in order, and told if anybody wants to know") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  const std::string longest(125, 'p');
  peer.send(masked(Opcode::kPing, "") + masked(Opcode::kPing, longest) +
            masked(Opcode::kPong, "unasked"));
  const std::string expected = plain(Opcode::kPong, "") + plain(Opcode::kPong, longest);
  CHECK(fixture.until([&] { return peer.received() == expected; }));
  REQUIRE(fixture.count(EventKind::kPing) == 3);
  const Event& unasked = fixture.last(EventKind::kPing);
  CHECK(unasked.id == id);
  CHECK(unasked.payload == "unasked");
  CHECK(unasked.flags == kIsResponse);
  CHECK(fixture.events[3].payload == longest);
  CHECK(fixture.events[3].flags == 0);
}

TEST_CASE("pings of ours are settled by the Pong of a later one, and by no other") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  server::Connection& connection = *fixture.server().find(id);
  for (const std::int32_t token : {1, 2, 3}) REQUIRE(connection.ping(token).ok());
  REQUIRE(fixture.until([&] { return peer.received().size() == 18; }));
  const std::string second = peer.take().substr(8, 4);
  peer.send(masked(Opcode::kPong, "other") + masked(Opcode::kPong, second) +
            masked(Opcode::kPong, second));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kPing) == 3; }));
  std::vector<Event> settled;
  const auto isSettled = [](const Event& event) { return event.kind == EventKind::kSettled; };
  std::ranges::copy_if(fixture.events, std::back_inserter(settled), isSettled);
  REQUIRE(settled.size() == 2);
  for (const std::int32_t token : {1, 2}) {
    const Event& event = settled[static_cast<std::size_t>(token) - 1];
    CHECK(event.id == id);
    CHECK(event.token == token);
    CHECK(event.value == 0);
  }
  connection.disconnect(1000, "");
  peer.send(masked(Opcode::kClose, closePayload(1000)));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  REQUIRE(fixture.count(EventKind::kSettled) == 3);
  CHECK(fixture.last(EventKind::kSettled).token == 3);
  CHECK(fixture.last(EventKind::kSettled).value == 126);
}

TEST_CASE("what is forgotten is not settled, and takes nothing with it") {
  ServerFixture fixture;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  for (const std::int32_t token : {1, 2, 3}) REQUIRE(fixture.server().find(id)->ping(token).ok());
  fixture.server().forget(id, 2);
  fixture.server().forget(id, 99);
  fixture.server().forget(id + 1, 3);
  peer.reset();
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  std::vector<std::int32_t> tokens;
  for (const Event& event : fixture.events) {
    if (event.kind == EventKind::kSettled) tokens.push_back(event.token);
  }
  CHECK(tokens == std::vector<std::int32_t>{1, 3});
}

TEST_CASE("listening") {
  ServerFixture fixture;
  server::Server& server = fixture.server();
  CHECK(server.isListening());
  CHECK(server.options().localPort > 0);
  const Result<void> twice = server.startListening();
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().code == ErrorCode::kAlreadyListening);

  ServerFixture other;
  other.server().stopListening();
  other.options().localPort = fixture.port();
  const Result<void> inUse = other.server().startListening();
  REQUIRE_FALSE(inUse.ok());
  CHECK(inUse.error().code == ErrorCode::kAddressInUse);
  CHECK_FALSE(other.server().isListening());

  // Connections stay when listening stops, and the port is free for another.
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer);
  server.stopListening();
  server.stopListening();
  CHECK_FALSE(server.isIdle());
  CHECK(other.server().startListening().ok());
  fixture.outbox.text(id, "still here");
  CHECK(fixture.until([&] { return !peer.received().empty(); }));
  other.server().stopListening();
  CHECK(server.startListening().ok());

  other.options().localHost = "203.0.113.1";
  const Result<void> foreign = other.server().startListening();
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().code == ErrorCode::kAddressNotAvailable);
}

TEST_CASE("the Log says more with every level") {
  std::size_t last = 0;
  for (int level = 0; level <= 3; ++level) {
    ServerFixture fixture;
    fixture.alsoWant(EventKind::kLog);
    fixture.options().logLevel = level;
    Peer peer(fixture.port());
    fixture.open(peer);
    peer.send(masked(Opcode::kText, "\xFF"));
    REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
    const std::size_t lines = fixture.count(EventKind::kLog);
    CHECK((level == 0 ? lines == 0 : lines > last));
    last = lines;
    for (const Event& event : fixture.events) {
      if (event.kind == EventKind::kLog) CHECK(event.value <= level);
    }
  }
}

TEST_CASE("sockets for others: on the same port, or those that are named") {
  ServerFixture fixture;
  server::Server& server = fixture.server();
  server::Options& options = fixture.options();
  server.stopListening();
  options.localHost = "127.0.0.1";
  options.localPort = 0;
  options.bindExclusively = false;
  const std::vector<int> first = server.openListening().value();
  const int port = options.localPort;
  CHECK(port > 0);
  const std::vector<int> second = server.openListening().value();
  CHECK(options.localPort == port);
  options.localHost = "fd:" + std::to_string(first[0]);
  const std::vector<int> third = server.openListening().value();
  CHECK(third[0] != first[0]);
  REQUIRE(server.startListening().ok());
  CHECK(options.localPort == port);
  server.stopListening();
  for (const std::string& host : {"unix:/tmp/s", "fd:none", "no.such.host.invalid"}) {
    options.localHost = host;
    CHECK_FALSE(server.openListening().ok());
  }
  for (const auto& fds : {first, second, third}) ::close(fds[0]);
}

}  // namespace
}  // namespace wss::test
