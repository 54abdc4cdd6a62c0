// SPDX-License-Identifier: MIT
#include "server/streams/liveness.h"

#include <doctest/doctest.h>

#include "fake_flow.h"

namespace wss::test {
namespace {

using server::kTicksPerSecond;
using server::Liveness;
using server::Tick;
using server::ticksLater;
using Verdict = Liveness::Verdict;

constexpr Liveness::Limits kIdle{.idleTimeout = 10, .pingInterval = 0, .sendTimeout = 60};
constexpr Liveness::Limits kPings{.idleTimeout = 0, .pingInterval = 5, .sendTimeout = 60};
constexpr Tick kStart = 1000;

struct Fixture {
  Liveness liveness;
  FakeFlow flow;
  bool deaf = false;
  bool blocked = false;
  Tick next = 0;

  Fixture() { liveness.hear(kStart); }
  Verdict check(Tick now, const Liveness::Limits& limits) {
    const Liveness::Outcome outcome = liveness.check(now, limits, {deaf, blocked}, flow);
    next = outcome.next;
    return outcome.verdict;
  }
};

TEST_CASE("who says nothing for IdleTimeout is idle, and not a tick before") {
  Fixture fixture;
  CHECK(fixture.check(kStart, kIdle) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(kStart, 10));
  CHECK(fixture.check(fixture.next - 1, kIdle) == Verdict::kAlive);
  CHECK(fixture.check(fixture.next, kIdle) == Verdict::kIdle);
  fixture.liveness.hear(kStart + 50);
  CHECK(fixture.check(ticksLater(kStart, 10), kIdle) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(kStart + 50, 10));
}

TEST_CASE("whom nobody listens to is not idle") {
  Fixture fixture;
  fixture.deaf = true;
  CHECK(fixture.check(kStart + 5000, kIdle) == Verdict::kAlive);
  fixture.deaf = false;
  CHECK(fixture.check(ticksLater(kStart + 5000, 10) - 1, kIdle) == Verdict::kAlive);
  CHECK(fixture.check(ticksLater(kStart + 5000, 10), kIdle) == Verdict::kIdle);
}

TEST_CASE("who takes what is sent is not idle, but stands still only once") {
  Fixture fixture;
  fixture.flow.handedBytes = 1000;
  fixture.flow.kernelBytes = 1000;
  const Tick first = ticksLater(kStart, 10);
  CHECK(fixture.check(first, kIdle) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(first, 10));
  fixture.flow.kernelBytes = 600;
  const Tick second = fixture.next;
  CHECK(fixture.check(second, kIdle) == Verdict::kAlive);
  CHECK(fixture.check(fixture.next, kIdle) == Verdict::kIdle);
}

TEST_CASE("who is silent for PingInterval is pinged, and lost after as long again") {
  Fixture fixture;
  CHECK(fixture.check(kStart, kPings) == Verdict::kAlive);
  const Tick due = fixture.next;
  CHECK(due == ticksLater(kStart, 5));
  CHECK(fixture.check(due, kPings) == Verdict::kPing);
  CHECK(fixture.check(fixture.next - 1, kPings) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(due, 5));
  // Taking nothing but bytes that were sent later is no answer.
  fixture.flow.handedBytes = 50;
  CHECK(fixture.check(fixture.next, kPings) == Verdict::kSilent);
}

TEST_CASE("whatever comes is an answer to a Ping") {
  Fixture fixture;
  CHECK(fixture.check(ticksLater(kStart, 5), kPings) == Verdict::kPing);
  fixture.liveness.hear(kStart + 60);
  CHECK(fixture.check(ticksLater(kStart, 10), kPings) == Verdict::kAlive);
  CHECK(fixture.check(ticksLater(kStart + 60, 5), kPings) == Verdict::kPing);
}

TEST_CASE("a Ping that waits behind what the peer takes may still be answered") {
  Fixture fixture;
  fixture.flow.handedBytes = 1000;
  fixture.flow.kernelBytes = 1000;
  CHECK(fixture.check(ticksLater(kStart, 5), kPings) == Verdict::kPing);
  fixture.flow.kernelBytes = 500;
  CHECK(fixture.check(fixture.next, kPings) == Verdict::kAlive);
  CHECK(fixture.check(fixture.next, kPings) == Verdict::kSilent);
}

TEST_CASE("while a Ping cannot leave, SendTimeout decides, or what the peer takes") {
  Fixture fixture;
  fixture.blocked = true;
  const Tick due = ticksLater(kStart, 5);
  CHECK(fixture.check(due, kPings) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(due, 5));
  constexpr Liveness::Limits kNoSendTimeout{.idleTimeout = 0, .pingInterval = 5, .sendTimeout = 0};
  CHECK(fixture.check(fixture.next, kNoSendTimeout) == Verdict::kSilent);
  fixture.flow.queuedBytes = 10;
  CHECK(fixture.check(fixture.next + due, kNoSendTimeout) == Verdict::kAlive);
}

TEST_CASE("of two limits the earlier one is next") {
  Fixture fixture;
  constexpr Liveness::Limits kBoth{.idleTimeout = 3, .pingInterval = 5, .sendTimeout = 60};
  CHECK(fixture.check(kStart, kBoth) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(kStart, 3));
  constexpr Liveness::Limits kOther{.idleTimeout = 9, .pingInterval = 5, .sendTimeout = 60};
  CHECK(fixture.check(kStart, kOther) == Verdict::kAlive);
  CHECK(fixture.next == ticksLater(kStart, 5));
}

TEST_CASE("a peer that is being closed has more time for what is much, if it takes enough of it") {
  constexpr int kSeconds = 10;
  constexpr std::int64_t kLeast = std::int64_t{kSeconds} * 8 * 1024;
  FakeFlow little;
  little.queuedBytes = kLeast;
  Liveness::beginClosing(kSeconds, little);
  CHECK_FALSE(little.kept);
  CHECK_FALSE(Liveness::mayStillTake(kSeconds, little));

  FakeFlow much;
  much.handedBytes = much.kernelBytes = 3 * kLeast;
  Liveness::beginClosing(kSeconds, much);
  much.kernelBytes -= kLeast;
  CHECK(Liveness::mayStillTake(kSeconds, much));
  much.kernelBytes -= kLeast - 1;
  CHECK_FALSE(Liveness::mayStillTake(kSeconds, much));
}

}  // namespace
}  // namespace wss::test
