// SPDX-License-Identifier: MIT
// What slows connections down or stops them: limits, full queues, deadlines, and a system that has
// no descriptors left.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server_fixture.h"

namespace wss::test {
namespace {

using server::kTickMs;
using ws::Opcode;

/// So small that a few messages fill what lies between the server and a peer who does not read.
constexpr int kSmallBuffer = 4096;
constexpr std::size_t kPiece = 1000;

/// Sends binary messages of kPiece bytes until the kernel refuses some, and goes on refusing: it
/// may find room yet when it looks closer. Returns how many.
int fill(ServerFixture& fixture, std::int32_t id) {
  const auto ready = [&] { return fixture.server().find(id)->isReadyToSend(); };
  int sent = 0;
  while (fixture.until(ready, 50)) {
    fixture.outbox.message(id, Opcode::kBinary, std::string(kPiece, 'f'));
    fixture.turn();
    ++sent;
  }
  return sent;
}

/// Has `peer` read until so many bytes have come.
bool readAll(ServerFixture& fixture, Peer& peer, std::size_t size) {
  return fixture.until([&] { return peer.received().size() >= size; });
}

std::string filled(int count) {
  std::string frames;
  for (int i = 0; i < count; ++i) {
    frames += plain(Opcode::kBinary, std::string(kPiece, 'f'));
  }
  return frames;
}

TEST_CASE("a client beyond MaxConnections is reset, counted and reported once a second") {
  ServerFixture fixture;
  fixture.options().maxConnections = 2;
  Peer first(fixture.port());
  Peer second(fixture.port());
  fixture.open(first);
  fixture.open(second);
  Peer third(fixture.port());
  Peer fourth(fixture.port());
  REQUIRE(fixture.until([&] { return third.wasReset() && fourth.wasReset(); }));
  CHECK(fixture.server().statistics().connectionsAccepted == 2);
  CHECK(fixture.server().statistics().connectionsRefused == 2);
  REQUIRE(fixture.count(EventKind::kError) == 1);
  CHECK(fixture.last(EventKind::kError).id == 0);
  CHECK(fixture.last(EventKind::kError).value == 10024);
  // As soon as one has gone there is room again.
  first.close();
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 1; }));
  Peer fifth(fixture.port());
  fixture.open(fifth);
  CHECK(fixture.server().connectedCount() == 2);
}

TEST_CASE("out of descriptors clients are turned away, and the server goes on") {
  ServerFixture fixture;
  Peer open(fixture.port());
  const std::int32_t id = fixture.open(open);
  auto away = std::make_unique<Peer>(fixture.port());
  const int nextFree = ::fcntl(away->fd(), F_DUPFD_CLOEXEC, 0);
  ::close(nextFree);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit lowered{static_cast<rlim_t>(nextFree), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  bool turnedAway = fixture.until([&] { return away->ended(); });
  // And so is the next, with the descriptor of the one before.
  away.reset();
  away = std::make_unique<Peer>(fixture.port());
  turnedAway = turnedAway && fixture.until([&] { return away->ended(); });
  fixture.outbox.text(id, "still here");
  const bool answered = fixture.until([&] { return !open.received().empty(); });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);

  CHECK(turnedAway);
  CHECK(answered);
  CHECK(fixture.server().statistics().connectionsRefused == 2);
  CHECK(fixture.last(EventKind::kError).value == 10024);
  Peer later(fixture.port());
  fixture.open(later);
  CHECK(fixture.server().connectedCount() == 2);
}

TEST_CASE("once the kernel refuses bytes nothing more is taken until they have gone") {
  ServerFixture fixture;
  fixture.options().outBufferSize = kSmallBuffer;
  Peer peer(fixture.port(), kSmallBuffer);
  const std::int32_t id = fixture.open(peer);
  server::Connection& connection = *fixture.server().find(id);
  const int sent = fill(fixture, id);
  CHECK(fixture.statusOf(id) == -id);
  CHECK_FALSE(connection.isReadyToSend());
  CHECK(connection.isOpen());
  const std::size_t ready = fixture.count(EventKind::kReadyToSend);

  const auto refused = fixture.server().send(id, Opcode::kText, bytesOf("no"), 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kWouldBlock);
  CHECK(connection.bytesSent() == 0);
  CHECK(connection.ping(1).error().code == ErrorCode::kWouldBlock);
  // What was under way in the batch when the kernel refused is kept.
  fixture.outbox.text(id, "on its way");
  fixture.turn();
  CHECK(fixture.count(EventKind::kReadyToSend) == ready);

  const std::string expected = filled(sent) + plain(Opcode::kText, "on its way");
  REQUIRE(readAll(fixture, peer, expected.size()));
  CHECK(peer.take() == expected);
  REQUIRE(fixture.until([&] { return fixture.statusOf(id) == id; }));
  CHECK(fixture.count(EventKind::kReadyToSend) == ready + 1);
  CHECK(connection.isReadyToSend());
  CHECK(fixture.server().send(id, Opcode::kText, bytesOf("yes"), 0).value());
  CHECK(fixture.until([&] { return peer.received() == plain(Opcode::kText, "yes"); }));
  CHECK(fixture.server().statistics().messagesOut == static_cast<std::uint64_t>(sent) + 2);
}

TEST_CASE("while blocked only the latest ping is answered") {
  ServerFixture fixture;
  fixture.options().outBufferSize = kSmallBuffer;
  Peer peer(fixture.port(), kSmallBuffer);
  const std::int32_t id = fixture.open(peer);
  const int sent = fill(fixture, id);
  for (const std::string_view payload : {"1", "2", "3"}) {
    peer.send(masked(Opcode::kPing, payload));
    fixture.turn();
  }
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kPing) == 3; }));
  const std::string expected = filled(sent) + plain(Opcode::kPong, "3");
  REQUIRE(readAll(fixture, peer, expected.size()));
  CHECK(peer.take() == expected);
  peer.send(masked(Opcode::kPing, "4"));
  CHECK(fixture.until([&] { return peer.take() == plain(Opcode::kPong, "4"); }));
  // The next time there is none to answer.
  const std::string again = filled(fill(fixture, id));
  REQUIRE(readAll(fixture, peer, again.size()));
  fixture.turn();
  CHECK(peer.received() == again);
}

TEST_CASE("with a timeout sends wait in the queue, up to its limit, and are settled") {
  ServerFixture fixture;
  fixture.options().outBufferSize = kSmallBuffer;
  fixture.options().maxQueuedBytes = 5000;
  Peer peer(fixture.port(), kSmallBuffer);
  const std::int32_t id = fixture.open(peer);
  int sent = fill(fixture, id);
  server::Connection& connection = *fixture.server().find(id);
  connection.setTimeoutSeconds(60);
  const std::string piece(kPiece, 'f');
  std::int32_t token = 0;
  while (true) {
    auto result = fixture.server().send(id, Opcode::kBinary, bytesOf(piece), token + 1);
    if (!result.ok()) {
      CHECK(result.error().code == ErrorCode::kWouldBlock);
      break;
    }
    CHECK_FALSE(result.value());
    ++token;
    REQUIRE(token < 10);
  }
  CHECK(token >= 4);
  CHECK(fixture.count(EventKind::kSettled) == 0);
  sent += token;
  REQUIRE(readAll(fixture, peer, filled(sent).size()));
  CHECK(peer.take() == filled(sent));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kSettled) >= 1; }));
  std::int32_t next = 1;
  for (const Event& event : fixture.events) {
    if (event.kind != EventKind::kSettled) continue;
    CHECK(event.id == id);
    CHECK(event.token == next++);
    CHECK(event.value == 0);
  }
  CHECK(next == token + 1);
  CHECK(fixture.server().send(id, Opcode::kBinary, bytesOf(piece), 99).value());
}

TEST_CASE("sends and pings that wait for too long are settled with 10060, each in its time") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().outBufferSize = kSmallBuffer;
  Peer blocked(fixture.port(), kSmallBuffer);
  Peer silent(fixture.port());
  const std::int32_t blockedId = fixture.open(blocked);
  const std::int32_t silentId = fixture.open(silent);
  fill(fixture, blockedId);
  for (const std::int32_t id : {blockedId, silentId}) {
    fixture.server().find(id)->setTimeoutSeconds(1);
  }
  CHECK_FALSE(fixture.server().send(blockedId, Opcode::kText, bytesOf("x"), 1).value());
  REQUIRE(fixture.server().find(silentId)->ping(2).ok());
  // Later ones do not put off the first.
  fixture.pass(300);
  REQUIRE(fixture.server().find(silentId)->ping(3).ok());
  fixture.pass(400);
  REQUIRE(fixture.server().find(silentId)->ping(4).ok());
  std::uint64_t passed = 700;
  std::size_t settled = 0;
  for (const std::uint64_t due : {1000U, 1300U, 1700U}) {
    fixture.pass(due - 1 - passed);
    CHECK(fixture.count(EventKind::kSettled) == settled);
    settled += settled == 0 ? 2 : 1;
    fixture.pass(1 + 2 * kTickMs);
    CHECK(fixture.count(EventKind::kSettled) == settled);
    passed = due + 2 * kTickMs;
  }
  for (const Event& event : fixture.events) {
    if (event.kind == EventKind::kSettled) CHECK(event.value == 10060);
  }
  CHECK(fixture.last(EventKind::kSettled).token == 4);
  CHECK(fixture.server().connectedCount() == 2);
}

TEST_CASE("a send that goes forward, however slowly, does not time out") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().outBufferSize = kSmallBuffer;
  Peer peer(fixture.port(), kSmallBuffer);
  const std::int32_t id = fixture.open(peer);
  fixture.server().find(id)->setTimeoutSeconds(1);
  const std::string large(100'000, 'l');
  CHECK_FALSE(fixture.server().send(id, Opcode::kBinary, bytesOf(large), 1).value());
  for (const std::size_t size : {20'000U, 40'000U, 60'000U}) {
    fixture.pass(700);
    // More than lies in between, so that the server has sent some.
    REQUIRE(readAll(fixture, peer, size));
    REQUIRE(peer.received().size() < large.size());
  }
  CHECK(fixture.count(EventKind::kSettled) == 0);
  REQUIRE(readAll(fixture, peer, large.size()));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kSettled) == 1; }));
  CHECK(fixture.last(EventKind::kSettled).value == 0);
}

TEST_CASE("a flood of messages is taken in portions, and none is lost") {
  constexpr std::size_t kMessages = 100'000;
  ServerFixture fixture;
  Peer peer(fixture.port());
  fixture.open(peer);
  std::string bytes;
  for (std::size_t i = 0; i < kMessages; ++i) bytes += masked(Opcode::kText, "");
  std::size_t most = 0;
  std::size_t before = 0;
  std::string_view rest = bytes;
  REQUIRE(fixture.until([&] {
    rest.remove_prefix(peer.offer(rest));
    const std::size_t count = fixture.count(EventKind::kDataIn);
    most = std::max(most, count - std::exchange(before, count));
    return count == kMessages;
  }));
  // One buffer full of the smallest frames beyond the point where a batch is full.
  CHECK(most <= 16 * 1024 + net::Loop::kReceiveSize / 6);
}

TEST_CASE("deadlines of every state, neither early nor late") {
  ServerFixture fixture(ManualClock::read);
  server::Options& options = fixture.options();
  options.defaultConnectionTimeout = 1;
  options.closeTimeout = 1;
  Peer openPeer(fixture.port());
  const std::int32_t openId = fixture.open(openPeer);
  Peer deaf(fixture.port());
  const std::int32_t deafId = fixture.open(deaf);
  Peer draining(fixture.port());
  const std::int32_t drainingId = fixture.open(draining);
  Peer full(fixture.port(), kSmallBuffer);
  const std::int32_t fullId = fixture.open(full);
  fill(fixture, fullId);
  Peer leaving(fixture.port(), kSmallBuffer);
  fill(fixture, fixture.open(leaving));

  leaving.send(masked(Opcode::kClose, ""));
  Peer silent(fixture.port());
  Peer slow(fixture.port());
  slow.send("GET / HTTP/1.1\r\n");
  fixture.server().find(deafId)->disconnect(1000, "");
  fixture.server().find(fullId)->disconnect(1000, "");
  options.waitForCloseResponse = false;
  fixture.server().find(drainingId)->disconnect(1000, "");
  fixture.alsoWant(EventKind::kWebSocketOpenRequest);
  Peer parked(fixture.port());
  parked.send(request());
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kWebSocketOpenRequest) == 1; }));
  fixture.alsoWant(EventKind::kConnectionRequest);
  Peer asked(fixture.port());
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kConnectionRequest) == 1; }));

  // Some say something now and then; it does not put the end off.
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDisconnected) == 2; }));
  fixture.pass(500);
  slow.send("Host: a\r\n");
  deaf.send(masked(Opcode::kText, "x"));
  draining.send(masked(Opcode::kText, "x"));
  fixture.pass(499);
  for (Peer* const peer : {&silent, &slow, &parked, &asked, &deaf, &openPeer}) {
    CHECK_FALSE(peer->ended());
  }
  CHECK(fixture.count(EventKind::kDisconnected) == 2);

  fixture.pass(1 + 2 * kTickMs);
  REQUIRE(fixture.until([&] {
    return silent.ended() && slow.ended() && parked.ended() && asked.wasReset() && deaf.ended() &&
           leaving.wasReset() && fixture.count(EventKind::kDisconnected) == 4;
  }));
  CHECK(silent.received().starts_with("HTTP/1.1 408 "));
  CHECK(slow.received().starts_with("HTTP/1.1 408 "));
  CHECK(parked.received().starts_with("HTTP/1.1 503 "));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
  CHECK_FALSE(openPeer.ended());
  CHECK(fixture.server().connectedIds() == std::vector{openId});
  // An answer that comes too late changes nothing.
  fixture.outbox.answerOpen(fixture.last(EventKind::kWebSocketOpenRequest).id, 101);
  fixture.turn();
  CHECK(fixture.count(EventKind::kError) == 0);
}

TEST_CASE("a connection that does not close its side is cut when its time has run out") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().closeTimeout = 1;
  fixture.options().defaultConnectionTimeout = 0;
  Peer refused(fixture.port());
  refused.send("nonsense\r\n");
  Peer closed(fixture.port());
  fixture.open(closed);
  closed.send(masked(Opcode::kClose, "") + "and more");
  REQUIRE(fixture.until([&] { return refused.ended() && closed.ended(); }));
  for (Peer* const peer : {&refused, &closed}) {
    peer->send("and more");
    fixture.turn();
    peer->send("and more");
  }
  fixture.server().stopListening();
  CHECK_FALSE(fixture.server().isIdle());
  fixture.pass(1000 + 3 * kTickMs);
  CHECK(fixture.until([&] { return fixture.server().isIdle(); }));
  CHECK_FALSE(fixture.loop().ticking());
}

TEST_CASE("after a rest of the loop no deadline comes early") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().defaultConnectionTimeout = 1;
  fixture.turn();
  // Nothing happens for a while, and so the loop is not run.
  ManualClock::nowMs += 800;
  Peer peer(fixture.port());
  REQUIRE(fixture.until([&] { return fixture.server().statistics().connectionsAccepted == 1; }));
  fixture.pass(999);
  CHECK_FALSE(peer.ended());
  fixture.pass(1 + 2 * kTickMs);
  CHECK(fixture.until([&] { return peer.ended(); }));
}

TEST_CASE("a loop that was kept from running does not take that for silence") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().defaultConnectionTimeout = 1;
  Peer peer(fixture.port());
  REQUIRE(fixture.until([&] { return fixture.server().statistics().connectionsAccepted == 1; }));
  ManualClock::nowMs += 1150;
  // The request comes right after.
  fixture.turn();
  fixture.turn();
  fixture.open(peer);
}

}  // namespace
}  // namespace wss::test
