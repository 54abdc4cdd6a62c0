// SPDX-License-Identifier: MIT
#include "server/timing/clock.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace wss::server {
namespace {

/// Ticks every `everyMs` until `seconds` have passed, and returns how many the clock has counted.
Tick secondsCounted(Clock& clock, std::uint64_t& nowMs, unsigned everyMs, unsigned seconds) {
  const Tick before = clock.at(nowMs);
  const std::uint64_t end = nowMs + seconds * 1000ULL;
  while (nowMs < end) {
    nowMs += everyMs;
    clock.tick(nowMs);
  }
  return (clock.at(nowMs) - before) / kTicksPerSecond;
}

TEST_CASE("the clock of deadlines stands still during a stall") {
  Clock clock;
  std::uint64_t nowMs = 5000;
  clock.start(nowMs);
  CHECK(secondsCounted(clock, nowMs, 100, 10) == 10);
  CHECK(secondsCounted(clock, nowMs, 1000, 10) == 10);
  CHECK(secondsCounted(clock, nowMs, 30'000, 30) == 0);
  CHECK(secondsCounted(clock, nowMs, 100, 10) == 10);
}

TEST_CASE("stalls stop the clock of deadlines for a bounded time only") {
  Clock clock;
  std::uint64_t nowMs = 0;
  clock.start(nowMs);
  SUBCASE("one that is long") { CHECK(secondsCounted(clock, nowMs, 3'600'000, 3600) == 3540); }
  SUBCASE("many, one after the other") { CHECK(secondsCounted(clock, nowMs, 2000, 100) == 40); }
  SUBCASE("many, with as much time between them") {
    const Tick start = clock.at(nowMs);
    for (int round = 0; round < 100; ++round) {
      nowMs += 2000;
      clock.tick(nowMs);
      secondsCounted(clock, nowMs, 100, 2);
    }
    CHECK((clock.at(nowMs) - start) / kTicksPerSecond >= 200);
  }
}

}  // namespace
}  // namespace wss::server
