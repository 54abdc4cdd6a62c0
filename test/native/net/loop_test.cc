// SPDX-License-Identifier: MIT
// The loop by itself: its ticker, its time, its buffer.
#include "net/loop.h"

#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "server_fixture.h"

namespace wss::net {
namespace {

using test::steadyMs;

std::unique_ptr<Loop> makeLoop() { return std::move(Loop::create().value()); }

class Ticks final : public TickHandler {
 public:
  void onTick() override { ++count; }
  int count = 0;
};

TEST_CASE("the ticker ticks about as often as it is asked to, until it is stopped") {
  const auto loop = makeLoop();
  Ticks ticks;
  CHECK_FALSE(loop->ticking());
  CHECK(loop->timeoutMs() == -1);
  loop->startTicker(&ticks, 20);
  CHECK(loop->ticking());
  CHECK(loop->pending());
  CHECK(loop->timeoutMs() > 0);
  CHECK(loop->timeoutMs() <= 20);
  const std::uint64_t start = steadyMs();
  while (ticks.count < 5) loop->run(1000);
  const std::uint64_t took = steadyMs() - start;
  CHECK(took >= 5 * 20 - 1);
  loop->stopTicker();
  CHECK(loop->timeoutMs() == -1);
  loop->run(30);
  CHECK(ticks.count == 5);
}

TEST_CASE("a late loop ticks once") {
  const auto loop = makeLoop();
  Ticks ticks;
  loop->startTicker(&ticks, 5);
  test::stall(50);
  loop->updateTime();
  CHECK(loop->timeoutMs() == 0);
  loop->run(0);
  CHECK(ticks.count == 1);
  loop->run(0);
  CHECK(ticks.count == 1);
}

TEST_CASE("waiting ends with the time, and the time is known afterwards") {
  const auto loop = makeLoop();
  const std::uint64_t start = steadyMs();
  loop->run(30);
  CHECK(steadyMs() - start >= 29);
  CHECK(loop->nowMs() >= start + 29);
  CHECK(loop->nowMs() <= steadyMs());
}

TEST_CASE("to be woken is to be run soon, once") {
  const auto loop = makeLoop();
  loop->run(0);
  CHECK_FALSE(loop->pending());
  loop->wake();
  CHECK(loop->pending());
  loop->run(0);
  CHECK_FALSE(loop->pending());
}

TEST_CASE("the receive buffer has room in front of it") {
  const auto loop = makeLoop();
  const MutableBytes buffer = loop->receiveBuffer();
  REQUIRE(buffer.size() == Loop::kReceiveSize);
  std::uint8_t* const start = buffer.data() - Loop::kHeadroom;
  std::fill(start, buffer.data() + buffer.size(), std::uint8_t{1});
  CHECK(loop->receiveBuffer().data() == buffer.data());
}

}  // namespace
}  // namespace wss::net
