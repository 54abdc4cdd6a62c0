// SPDX-License-Identifier: MIT
#include "server/streams/waits.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "fake_flow.h"
#include "recorded_events.h"

namespace wss::test {
namespace {

using server::Goal;
using server::ticksLater;
using server::Waits;

struct Fixture {
  RecordedEvents events;
  Waits waits;
  FakeFlow flow;
  Waits::Teller teller{events.batch, 7};

  /// The tokens that have been settled since the last call, and how.
  std::vector<std::pair<int, int>> settled() {
    std::vector<std::pair<int, int>> tokens;
    for (const RecordedEvents::Event& event : events.take()) {
      CHECK(event.kind == server::EventKind::kSettled);
      CHECK(event.id == 7);
      tokens.emplace_back(event.token, event.value);
    }
    return tokens;
  }
};

using Settled = std::vector<std::pair<int, int>>;

constexpr int kTimedOut = static_cast<int>(ErrorCode::kTimedOut);

TEST_CASE("who waits for bytes waits for those that were there, and for no later ones") {
  Fixture fixture;
  fixture.waits.add(1, Goal::kTaken, 100, 0);
  fixture.waits.add(2, Goal::kTaken, 150, 0);
  fixture.waits.onTaken(99, 1, fixture.teller);
  CHECK(fixture.settled().empty());
  fixture.waits.onTaken(1, 1, fixture.teller);
  CHECK(fixture.settled() == Settled{{1, 0}});
  // More than it waits for is no harm.
  fixture.waits.onTaken(1000, 1, fixture.teller);
  CHECK(fixture.settled() == Settled{{2, 0}});
}

TEST_CASE("who waits for an empty queue is not told by bytes alone") {
  Fixture fixture;
  fixture.waits.add(1, Goal::kDrained, 10, 0);
  fixture.waits.add(2, Goal::kTaken, 10, 0);
  fixture.waits.onTaken(10, 1, fixture.teller);
  CHECK(fixture.settled() == Settled{{2, 0}});
  fixture.waits.onDrained(fixture.teller);
  CHECK(fixture.settled() == Settled{{1, 0}});
}

TEST_CASE("a Pong answers its Ping and those before it, and no other wait") {
  Fixture fixture;
  fixture.waits.addPing(1, 0, {});
  fixture.waits.add(2, Goal::kTaken, 10, 0);
  fixture.waits.addPing(3, 0, {});
  fixture.waits.addPing(4, 0, {});
  fixture.waits.onPong(9, fixture.teller);
  fixture.waits.onPong(2, fixture.teller);
  CHECK(fixture.settled().empty());
  fixture.waits.onPong(3, fixture.teller);
  CHECK(fixture.settled() == Settled{{1, 0}, {3, 0}});
  fixture.waits.settleAll(ErrorCode::kInvalidConnectionId, fixture.teller);
  const int gone = static_cast<int>(ErrorCode::kInvalidConnectionId);
  CHECK(fixture.settled() == Settled{{2, gone}, {4, gone}});
  fixture.waits.settleAll(ErrorCode::kInvalidConnectionId, fixture.teller);
  CHECK(fixture.settled().empty());
}

TEST_CASE("64 Pings may be unanswered") {
  Fixture fixture;
  for (int token = 0; token < 64; ++token) {
    CHECK(fixture.waits.mayPing());
    fixture.waits.addPing(token, 0, {});
    fixture.waits.add(1000 + token, Goal::kTaken, 1, 0);
  }
  CHECK_FALSE(fixture.waits.mayPing());
  fixture.waits.onPong(0, fixture.teller);
  CHECK(fixture.waits.mayPing());
}

TEST_CASE("a timeout is one of inactivity, and of the oldest") {
  Fixture fixture;
  fixture.waits.add(1, Goal::kTaken, 100, 0);
  fixture.waits.add(2, Goal::kTaken, 200, 5);
  CHECK(fixture.waits.expire(0, 1, 0, fixture.flow, fixture.teller) == ticksLater(0, 1));
  // Progress of one is progress of all.
  fixture.waits.onTaken(10, 8, fixture.teller);
  CHECK(fixture.waits.expire(ticksLater(0, 1), 1, 0, fixture.flow, fixture.teller) ==
        ticksLater(8, 1));
  // So is what the peer has taken of the kernel's.
  CHECK(fixture.waits.expire(ticksLater(8, 1), 1, 15, fixture.flow, fixture.teller) ==
        ticksLater(15, 1));
  CHECK(fixture.settled().empty());
  CHECK(fixture.waits.expire(ticksLater(15, 1), 1, 0, fixture.flow, fixture.teller) == 0);
  CHECK(fixture.settled() == Settled{{1, kTimedOut}, {2, kTimedOut}});
}

TEST_CASE("the time of a Ping begins when it has left, and progress of the queue is not its own") {
  Fixture fixture;
  fixture.flow.handedBytes = 100;
  fixture.flow.kernelBytes = 100;
  fixture.waits.addPing(1, 0, fixture.flow.underway());
  fixture.waits.onTaken(50, 5, fixture.teller);
  fixture.flow.kernelBytes = 40;
  CHECK(fixture.waits.expire(11, 1, 10, fixture.flow, fixture.teller) == ticksLater(11, 1));
  CHECK(fixture.waits.expire(ticksLater(11, 1), 1, 20, fixture.flow, fixture.teller) == 0);
  CHECK(fixture.settled() == Settled{{1, kTimedOut}});
}

TEST_CASE("who is forgotten is not told") {
  Fixture fixture;
  fixture.waits.add(1, Goal::kTaken, 1, 0);
  fixture.waits.addPing(2, 0, {});
  fixture.waits.forget(1);
  fixture.waits.forget(2);
  fixture.waits.settleAll(ErrorCode::kInvalidConnectionId, fixture.teller);
  CHECK(fixture.settled().empty());
}

}  // namespace
}  // namespace wss::test
