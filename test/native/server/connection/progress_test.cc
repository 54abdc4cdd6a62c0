// SPDX-License-Identifier: MIT
// Deadlines of a server whose peers take what they are sent slowly, but without a pause: that bytes
// move is a sign of life, and what has not left cannot be answered.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "crowd.h"

namespace wss::test {
namespace {

using ws::Opcode;

constexpr std::size_t kLarge = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kSmall = std::size_t{200} * 1000;
constexpr int kSmallBuffer = 4096;
constexpr int kReceiveBuffer = 64 * 1024;

/// Reads `size` bytes at a time, with a quarter of a second after each.
class SlowReader {
 public:
  /// What its own system has taken for it, the server cannot tell from what it has read: little.
  SlowReader(ServerFixture& fixture, std::size_t size, int receiveBuffer = kReceiveBuffer)
      : fixture_(fixture), peer_(fixture.port(), receiveBuffer), size_(size) {
    id_ = fixture.open(peer_);
  }

  /// Reads until it has `total` bytes in all; false when the connection ends before. However the
  /// kernel cuts and delays them, they take the same time.
  bool read(std::size_t total) {
    std::string buffer(size_, '\0');
    std::size_t part = 0;
    while (got_ < total && !hasEnded()) {
      const std::size_t most = std::min(size_ - part, total - got_);
      const ssize_t count = ::recv(peer_.fd(), buffer.data(), most, MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN)) break;
      if (count < 0) {
        fixture_.until([&] { return hasMore() || hasEnded(); });
        continue;
      }
      got_ += static_cast<std::size_t>(count);
      part += static_cast<std::size_t>(count);
      if (part < size_ && got_ < total) continue;
      part = 0;
      fixture_.pass(250);
    }
    return got_ >= total;
  }
  /// How long it lasts until the connection has ended, in milliseconds.
  std::uint64_t lasts(std::uint64_t mostMs) {
    const std::uint64_t start = ManualClock::nowMs;
    while (!hasEnded() && ManualClock::nowMs < start + mostMs) {
      fixture_.pass(50);
    }
    return ManualClock::nowMs - start;
  }
  void send(std::size_t size, std::int32_t token = 0) {
    CHECK(server().send(id_, Opcode::kBinary, bytesOf(std::string(size, 's')), token).ok());
  }

  [[nodiscard]] std::int32_t id() const { return id_; }
  [[nodiscard]] Peer& peer() { return peer_; }
  [[nodiscard]] server::Server& server() { return fixture_.server(); }
  [[nodiscard]] server::Connection& connection() { return *server().find(id_); }

 private:
  [[nodiscard]] bool hasEnded() const { return fixture_.count(EventKind::kDisconnected) > 0; }
  [[nodiscard]] bool hasMore() const {
    char byte = 0;
    return ::recv(peer_.fd(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN;
  }

  ServerFixture& fixture_;
  Peer peer_;
  std::size_t size_;
  std::size_t got_ = 0;
  std::int32_t id_ = 0;
};

constexpr std::size_t kPart = std::size_t{128} * 1024;

TEST_CASE("PingInterval: who takes a large message slowly is not silent") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().pingInterval = 1;
  SlowReader slow(fixture, kPart);
  slow.send(kLarge);
  REQUIRE(slow.connection().queuedBytes() > 0);
  REQUIRE(slow.read(kLarge));
  // Now it has what it was sent, and a Ping to answer.
  const std::uint64_t lasted = slow.lasts(10'000);
  CHECK(lasted > 1000);
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
}

TEST_CASE("PingInterval: what only the kernel still has counts as well") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().pingInterval = 2;
  fixture.options().outBufferSize = 1 << 20;
  SlowReader slow(fixture, 2048, kSmallBuffer);
  slow.send(kSmall);
  REQUIRE(slow.connection().queuedBytes() == 0);
  REQUIRE(slow.read(kSmall / 2));
  // Who takes nothing any more does not answer either.
  const std::uint64_t lasted = slow.lasts(20'000);
  CHECK(lasted >= 1000);
  CHECK(lasted <= 5000);
  REQUIRE(disconnected(fixture));
}

TEST_CASE("PingInterval: a Ping that has not left is not held against anybody") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().pingInterval = 1;
  SlowReader slow(fixture, kPart);
  slow.send(kLarge);
  fixture.pass(20'000);
  REQUIRE(fixture.count(EventKind::kDisconnected) == 0);
  // Once it can be answered it is.
  std::size_t got = 0;
  const std::string ping = plain(Opcode::kPing, "");
  REQUIRE(fixture.until([&] {
    got += slow.peer().take().size();
    return got >= kLarge;
  }));
  fixture.pass(1500);
  CHECK(slow.peer().take().ends_with(ping));
  slow.peer().send(masked(Opcode::kPong, ""));
  fixture.pass(500);
  CHECK(fixture.count(EventKind::kDisconnected) == 0);
  // SendTimeout sees to those who take nothing; where there is none, PingInterval does.
  fixture.options().sendTimeout = 0;
  slow.send(kLarge);
  CHECK(slow.lasts(10'000) <= 4000);
  REQUIRE(disconnected(fixture));
}

TEST_CASE("PingInterval: who reads, but does not answer, is lost though more goes out") {
  for (const int idleTimeout : {0, 1, 2}) {
    CAPTURE(idleTimeout);
    ServerFixture fixture(&ManualClock::read);
    fixture.options().pingInterval = 1;
    fixture.options().idleTimeout = idleTimeout;
    Peer peer(fixture.port(), kSmallBuffer);
    const std::int32_t id = fixture.open(peer);
    std::string buffer(2048, '\0');
    for (int i = 0; i < 200 && fixture.count(EventKind::kDisconnected) == 0; ++i) {
      // A little more than it reads, so that something is on its way at any time.
      fixture.outbox.text(id, std::string(2200, 'n'));
      fixture.pass(100);
      ::recv(peer.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    }
    REQUIRE(fixture.count(EventKind::kDisconnected) == 1);
    CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
  }
}

TEST_CASE("so many Pings of the application's may be unanswered, and no more") {
  ServerFixture fixture(&ManualClock::read);
  Peer peer(fixture.port());
  server::Connection& connection = *fixture.server().find(fixture.open(peer));
  for (std::int32_t token = 1; token <= 64; ++token) REQUIRE(connection.ping(token).ok());
  fixture.turn();
  CHECK(connection.ping(65).error().code == ErrorCode::kWouldBlock);
  peer.send(masked(Opcode::kPong, std::string("\x02\0\0\0", 4)));
  fixture.turn();
  fixture.turn();
  CHECK(connection.ping(65).ok());
}

TEST_CASE("IdleTimeout: who takes a large message slowly is not silent") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().idleTimeout = 1;
  fixture.options().closeTimeout = 1;
  SlowReader slow(fixture, kPart);
  slow.send(kLarge);
  REQUIRE(slow.read(kLarge));
  const std::uint64_t lasted = slow.lasts(20'000);
  CHECK(lasted > 1000);
  CHECK(lasted < 10'000);
  CHECK(slow.peer().take().find("Nothing came for IdleTimeout") != std::string::npos);
}

TEST_CASE("IdleTimeout: who takes nothing is closed") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().idleTimeout = 2;
  fixture.options().closeTimeout = 1;
  SlowReader deaf(fixture, kPart);
  deaf.send(kLarge);
  // One IdleTimeout to see that nothing moves, and CloseTimeout.
  const std::uint64_t lasted = deaf.lasts(20'000);
  CHECK(lasted > 2500);
  CHECK(lasted < 7000);
  REQUIRE(disconnected(fixture));
}

TEST_CASE("CloseTimeout begins anew while a peer takes what was sent before the Close") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().closeTimeout = 1;
  for (const bool waits : {true, false}) {
    CAPTURE(waits);
    fixture.options().waitForCloseResponse = waits;
    fixture.events.clear();
    SlowReader slow(fixture, kPart);
    slow.send(kLarge);
    slow.connection().disconnect(1000, "enough");
    fixture.turn();
    if (!waits) fixture.events.clear();  // it has had its Disconnected already
    REQUIRE(slow.read(kLarge));
    CHECK(slow.peer().take().ends_with(plain(Opcode::kClose, closePayload(1000, "enough"))));
    if (waits) {
      slow.peer().send(masked(Opcode::kClose, closePayload(1000, "enough")));
      REQUIRE(disconnected(fixture));
      CHECK(fixture.last(EventKind::kDisconnected).value == 1000);
    }
    slow.peer().close();
  }
  CHECK(isEmpty(fixture));
}

TEST_CASE("CloseTimeout: who takes as little as it can is cut") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().closeTimeout = 1;
  fixture.options().outBufferSize = kSmallBuffer;
  SlowReader slow(fixture, 512, kSmallBuffer);
  slow.send(kSmall);
  REQUIRE(slow.connection().queuedBytes() > 0);
  slow.connection().disconnect(1000, "");
  const std::uint64_t start = ManualClock::nowMs;
  CHECK_FALSE(slow.read(kSmall));
  CHECK(ManualClock::nowMs - start < 3000);
  REQUIRE(disconnected(fixture));
  CHECK(fixture.last(EventKind::kDisconnected).value == 1006);
}

TEST_CASE("CloseTimeout is one for who has been sent little") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().closeTimeout = 2;
  SlowReader deaf(fixture, 1);
  deaf.send(10'000);
  deaf.connection().disconnect(1000, "");
  fixture.turn();
  const std::uint64_t lasted = deaf.lasts(20'000);
  CHECK(lasted >= 1900);
  CHECK(lasted < 2500);
}

TEST_CASE("a send's timeout begins anew with what the peer takes from the kernel") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().defaultTimeout = 2;
  SlowReader slow(fixture, std::size_t{32} * 1024);
  slow.send(kLarge, 7);
  REQUIRE(slow.connection().queuedBytes() > 0);
  REQUIRE(slow.read(std::size_t{1024} * 1024));
  CHECK(fixture.count(EventKind::kSettled) == 0);
  fixture.pass(4500);
  REQUIRE(fixture.count(EventKind::kSettled) == 1);
  CHECK(fixture.last(EventKind::kSettled).token == 7);
  CHECK(fixture.last(EventKind::kSettled).value == 10060);
}

TEST_CASE("a Ping's timeout begins when it has left") {
  ServerFixture fixture(&ManualClock::read);
  fixture.options().defaultTimeout = 1;
  fixture.options().outBufferSize = 1 << 20;
  SlowReader slow(fixture, 2048, kSmallBuffer);
  slow.send(kSmall);
  REQUIRE(slow.connection().queuedBytes() == 0);
  REQUIRE(slow.connection().ping(9).ok());
  fixture.turn();
  REQUIRE(slow.read(kSmall / 2));
  CHECK(fixture.count(EventKind::kSettled) == 0);
  fixture.pass(1500);
  REQUIRE(fixture.count(EventKind::kSettled) == 1);
  CHECK(fixture.last(EventKind::kSettled).value == 10060);
}

}  // namespace
}  // namespace wss::test
