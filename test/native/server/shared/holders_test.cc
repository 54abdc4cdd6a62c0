// SPDX-License-Identifier: MIT
#include "server/shared/holders.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "base/chain.h"

namespace wss::test {
namespace {

using server::Holders;
using server::kTicksPerSecond;
using server::Tick;

std::vector<std::int32_t> idle(const Holders& holders, Tick now, int seconds) {
  std::vector<std::int32_t> ids;
  holders.collectIdle(now, seconds, ids);
  return ids;
}

TEST_CASE("a chain keeps the order in which nodes were added, whichever is taken out") {
  struct Node {
    int value;
    Links<Node> links{};
  };
  using Line = Chain<Node, &Node::links>;
  const auto valuesOf = [](const Line& line) {
    std::vector<int> values;
    for (const Node* node = line.first(); node != nullptr; node = Line::next(*node)) {
      values.push_back(node->value);
    }
    return values;
  };
  Node a{1};
  Node b{2};
  Node c{3};
  Line line;
  CHECK(line.first() == nullptr);
  for (Node* const node : {&a, &b, &c}) line.append(*node);
  CHECK(valuesOf(line) == std::vector{1, 2, 3});
  line.remove(b);
  CHECK(valuesOf(line) == std::vector{1, 3});
  line.append(b);
  line.remove(a);
  CHECK(valuesOf(line) == std::vector{3, 2});
  line.remove(b);
  line.remove(c);
  CHECK(line.first() == nullptr);
  line.append(a);
  CHECK(valuesOf(line) == std::vector{1});
}

TEST_CASE("holders: what they hold together, and what is kept for their owner") {
  Holders holders;
  CHECK(holders.empty());
  CHECK(holders.worst(5) == 0);
  CHECK(holders.mark(1) == 0);
  holders.remove(1);
  holders.resize(1, 9);
  CHECK(holders.total() == 0);
  holders.progress(1, 100, 5, 7);
  holders.progress(2, 50, 5);
  CHECK(holders.total() == 150);
  CHECK(holders.mark(1) == 7);
  holders.resize(1, 10);
  CHECK(holders.total() == 60);
  CHECK(holders.mark(1) == 7);
  holders.progress(1, 0, 6);
  CHECK(holders.total() == 50);
  CHECK(holders.count() == 1);
  holders.remove(2);
  CHECK(holders.empty());
  CHECK(holders.total() == 0);
}

TEST_CASE("holders: the largest goes, of several alike the one that rests for longest") {
  Holders holders;
  holders.progress(1, 700, 10);
  holders.progress(2, 900, 10);
  holders.progress(3, 5000, 11);
  holders.progress(4, 6000, 10);
  CHECK(holders.worst(12) == 3);
  holders.progress(3, 5000, 12);
  CHECK(holders.worst(12) == 4);
  holders.resize(1, 100'000);
  CHECK(holders.worst(12) == 1);
  holders.remove(1);
  CHECK(holders.worst(12) == 4);
  // One that rests goes before larger ones that do not.
  const Tick later = 12 + 2 * kTicksPerSecond;
  holders.progress(3, 5000, later);
  holders.progress(4, 6000, later);
  CHECK(holders.worst(later) == 2);
  CHECK(holders.isStale(2, later));
  CHECK_FALSE(holders.isStale(3, later));
  CHECK_FALSE(holders.isStale(9, later));
  holders.remove(2);
  CHECK(holders.worst(later) == 3);
}

TEST_CASE("holders: who has rested for so long, and nobody before") {
  Holders holders;
  holders.progress(1, 1, 0);
  holders.progress(2, 1, 3);
  holders.progress(1, 1, 5);
  holders.progress(3, 1, 9);
  // A larger queue is no progress.
  holders.resize(2, 1000);
  CHECK(idle(holders, 10, 1).empty());
  CHECK(idle(holders, 13, 1).empty());
  CHECK(idle(holders, 14, 1) == std::vector{2});
  CHECK(idle(holders, 16, 1) == std::vector{2, 1});
  CHECK(idle(holders, 16, 2).empty());
  CHECK(idle(holders, 30, 2) == std::vector{2, 1, 3});
}

TEST_CASE("holders: whatever happens, the sums are right and the worst is among them") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp) the same every time
  Holders holders;
  std::vector<std::size_t> expected(20);
  for (Tick now = 1; now < 5000; ++now) {
    const auto id = static_cast<std::int32_t>(random() % 19 + 1);
    const std::size_t bytes = random() % 4 == 0 ? 0 : std::size_t{1} << random() % 30;
    auto& held = expected[static_cast<std::size_t>(id)];
    if (random() % 3 == 0 && bytes > 0 && held > 0) {
      holders.resize(id, held = bytes);
    } else {
      holders.progress(id, held = bytes, now);
    }
    std::size_t total = 0;
    std::size_t count = 0;
    for (const std::size_t bytesOfOne : expected) {
      total += bytesOfOne;
      count += bytesOfOne > 0 ? 1U : 0U;
    }
    REQUIRE(holders.total() == total);
    REQUIRE(holders.count() == count);
    const std::int32_t worst = holders.worst(now);
    REQUIRE((count == 0 ? worst == 0 : expected[static_cast<std::size_t>(worst)] > 0));
  }
}

TEST_CASE("what several hold is not counted for each of them, but in which holds most it is") {
  Holders holders;
  holders.progress(1, 100, 0, 0, 90);
  holders.progress(2, 50, 0);
  CHECK(holders.total() == 60);
  CHECK(holders.worst(0) == 1);
  holders.resize(1, 100, 20);
  CHECK(holders.total() == 130);
  holders.progress(1, 300, 1, 0, 300);
  CHECK(holders.total() == 50);
  holders.remove(1);
  holders.remove(2);
  CHECK(holders.total() == 0);
}

}  // namespace
}  // namespace wss::test
