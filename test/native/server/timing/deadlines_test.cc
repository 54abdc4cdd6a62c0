// SPDX-License-Identifier: MIT
#include "server/timing/deadlines.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace wss::server {
namespace {

/// How far ahead a deadline can be told apart from a later one.
constexpr Tick kReach = 511;

std::vector<std::int32_t> collect(Deadlines& deadlines, Tick now) {
  std::vector<std::int32_t> ids;
  deadlines.collect(now, ids);
  return ids;
}

TEST_CASE("deadlines come up at their tick, in the order in which they were added") {
  Deadlines deadlines;
  CHECK(deadlines.empty());
  CHECK(deadlines.add(1, 3) == 3);
  CHECK(deadlines.add(2, 2) == 2);
  CHECK(deadlines.add(3, 3) == 3);
  CHECK(collect(deadlines, 1).empty());
  CHECK(collect(deadlines, 2) == std::vector{2});
  CHECK_FALSE(deadlines.empty());
  CHECK(collect(deadlines, 3) == std::vector{1, 3});
  CHECK(deadlines.empty());
  CHECK(collect(deadlines, 4).empty());
}

TEST_CASE("what has come up is added to what is there") {
  Deadlines deadlines;
  deadlines.add(2, 1);
  std::vector<std::int32_t> ids = {1};
  deadlines.collect(1, ids);
  CHECK(ids == std::vector{1, 2});
}

TEST_CASE("what is past or present comes up at the next tick") {
  Deadlines deadlines;
  collect(deadlines, 100);
  CHECK(deadlines.add(1, 100) == 101);
  CHECK(deadlines.add(2, 7) == 101);
  CHECK(deadlines.add(3, 0) == 101);
  CHECK(collect(deadlines, 100).empty());
  CHECK(collect(deadlines, 101) == std::vector{1, 2, 3});
}

TEST_CASE("what is beyond the reach of the wheel comes up earlier") {
  Deadlines deadlines;
  collect(deadlines, 1000);
  CHECK(deadlines.add(1, 1000 + kReach) == 1000 + kReach);
  CHECK(deadlines.add(2, 1000 + kReach + 1) == 1000 + kReach);
  CHECK(deadlines.add(3, 1'000'000) == 1000 + kReach);
  CHECK(collect(deadlines, 1000 + kReach - 1).empty());
  CHECK(collect(deadlines, 1000 + kReach) == std::vector{1, 2, 3});
}

TEST_CASE("after a long pause everything comes up once") {
  Deadlines deadlines;
  for (std::int32_t id = 1; id <= 2000; ++id) deadlines.add(id, static_cast<Tick>(id) / 4);
  std::vector<std::int32_t> ids = collect(deadlines, 5'000'000);
  CHECK(ids.size() == 2000);
  CHECK(deadlines.empty());
  CHECK(deadlines.add(7, 5'000'010) == 5'000'010);
  CHECK(collect(deadlines, 5'000'009).empty());
  CHECK(collect(deadlines, 5'000'010) == std::vector{7});
}

TEST_CASE("a clock that goes back brings nothing up") {
  Deadlines deadlines;
  collect(deadlines, 50);
  deadlines.add(1, 52);
  CHECK(collect(deadlines, 40).empty());
  CHECK(collect(deadlines, 51).empty());
  CHECK(collect(deadlines, 52) == std::vector{1});
}

TEST_CASE("the same as a sorted list, over many ticks") {
  std::mt19937 generator(1);
  const auto random = [&generator](Tick below) { return static_cast<Tick>(generator() % below); };
  Deadlines deadlines;
  std::multimap<Tick, std::int32_t> expected;
  Tick now = 0;
  for (std::int32_t id = 1; id < 20'000; ++id) {
    const Tick due = now + random(2 * kReach);
    expected.emplace(deadlines.add(id, due), id);
    if (id % 3 != 0) continue;
    now += random(5);
    std::vector<std::int32_t> ids = collect(deadlines, now);
    std::vector<std::int32_t> expectedIds;
    while (!expected.empty() && expected.begin()->first <= now) {
      expectedIds.push_back(expected.begin()->second);
      expected.erase(expected.begin());
    }
    REQUIRE(ids == expectedIds);
    REQUIRE(deadlines.empty() == expected.empty());
  }
}

}  // namespace
}  // namespace wss::server
