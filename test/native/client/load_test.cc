// SPDX-License-Identifier: MIT
// The parts of the load client that need no server.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "client/content.h"
#include "client/histogram.h"

namespace wss::client {
namespace {

TEST_CASE("a histogram keeps three significant digits") {
  Histogram histogram;
  const std::uint64_t durations[] = {0,    1,    999,   2047,      2048,      2049,
                                     4095, 4096, 12345, 999999999, 123456789, Histogram::kMaxNs};
  for (const std::uint64_t duration : durations) {
    histogram.clear();
    histogram.record(duration);
    const auto buckets = histogram.buckets();
    REQUIRE(buckets.size() == 1);
    CHECK(buckets[0].count == 1);
    CHECK(buckets[0].highestNs >= duration);
    CHECK(buckets[0].highestNs - duration <= duration / 1000);
  }
}

TEST_CASE("a histogram's buckets follow one another without a gap") {
  Histogram histogram;
  // The last of them is the last of a bucket.
  for (std::uint64_t duration = 0; duration < 131072; ++duration) histogram.record(duration);
  std::uint64_t next = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    REQUIRE(bucket.count == bucket.highestNs + 1 - next);
    next = bucket.highestNs + 1;
  }
  CHECK(next == 131072);
}

TEST_CASE("a histogram counts what is too long as the longest") {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  histogram.record(Histogram::kMaxNs);
  REQUIRE(histogram.buckets().size() == 1);
  CHECK(histogram.buckets()[0].count == 2);
}

TEST_CASE("stamped messages differ by connection and number, and keep their size and their rest") {
  Content content({std::string(20, 'x')}, true);
  std::set<std::string> seen;
  for (std::uint32_t connection = 0; connection < 100; ++connection) {
    for (std::uint64_t number = 0; number < 100; ++number) {
      const std::string message(textOf(content.message(connection, number)));
      CHECK(message.substr(12) == "xxxxxxxx");
      seen.insert(message);
    }
  }
  CHECK(seen.size() == 10000);
  CHECK(textOf(content.message(7, 9)) == textOf(content.message(7, 9)));
}

TEST_CASE("short messages keep the lower digits of the number") {
  for (std::size_t size = 0; size < 12; ++size) {
    Content content({std::string(size, 'x')}, true);
    const std::string first(textOf(content.message(1, 1)));
    CHECK(first.size() == size);
    CHECK((textOf(content.message(1, 2)) == first) == (size == 0));
  }
}

TEST_CASE("messages of a file are sent in turn as they are") {
  Content content({"one", "two"}, false);
  CHECK(textOf(content.message(5, 0)) == "one");
  CHECK(textOf(content.message(5, 1)) == "two");
  CHECK(textOf(content.message(5, 2)) == "one");
}

}  // namespace
}  // namespace wss::client
