// SPDX-License-Identifier: MIT
#include "server/topics/topics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "reference.h"
#include "server/topics/topic.h"

namespace wss::server {
namespace {

std::vector<std::int32_t> inOrder(std::span<const std::int32_t> ids) {
  std::vector<std::int32_t> all(ids.begin(), ids.end());
  std::ranges::sort(all);
  return all;
}

/// What Topics does, as a plain map.
class Model {
 public:
  bool subscribe(std::int32_t id, const std::string& pattern) {
    return of_[id].insert(pattern).second;
  }
  bool unsubscribe(std::int32_t id, const std::string& pattern) {
    return of_[id].erase(pattern) > 0;
  }
  void end(std::int32_t id) { of_.erase(id); }
  [[nodiscard]] std::vector<std::int32_t> subscribersOf(const std::string& topic) const {
    std::vector<std::int32_t> ids;
    for (const auto& [id, patterns] : of_) {
      const auto fitting = [&](const std::string& pattern) {
        return test::topicFits(topic, pattern);
      };
      if (std::ranges::any_of(patterns, fitting)) ids.push_back(id);
    }
    return ids;
  }
  [[nodiscard]] std::vector<std::string> patternsOf(std::int32_t id) const {
    const auto own = of_.find(id);
    if (own == of_.end()) return {};
    return {own->second.begin(), own->second.end()};
  }
  [[nodiscard]] std::vector<std::string> patterns() const {
    std::set<std::string> all;
    for (const auto& [id, patterns] : of_) all.insert(patterns.begin(), patterns.end());
    return {all.begin(), all.end()};
  }

 private:
  std::map<std::int32_t, std::set<std::string>> of_;
};

class Names {
 public:
  explicit Names(std::mt19937& random) : random_(random) {}
  std::string topic() { return join(false); }
  std::string pattern() { return join(true); }

 private:
  std::string join(bool wildcards) {
    static const std::vector<std::string> kTokens = {"a", "b", "c", "**", ">a", "é"};
    std::string name;
    const unsigned count = 1 + random_() % 4;
    for (unsigned index = 0; index < count; ++index) {
      if (index > 0) name += '.';
      const unsigned choice = random_() % 10;
      if (wildcards && choice == 0 && index + 1 == count) {
        name += '>';
      } else if (wildcards && choice < 3) {
        name += '*';
      } else {
        name += kTokens[random_() % kTokens.size()];
      }
    }
    return name;
  }
  std::mt19937& random_;
};

}  // namespace

TEST_CASE("what is a topic, and what a pattern") {
  struct Row {
    std::string name;
    bool topic;
    bool pattern;
  };
  const std::vector<Row> rows = {
      {"a", true, true},
      {"news.sports.de", true, true},
      {"Käse", true, true},
      {"a*", true, true},
      {"a.>b", true, true},
      {std::string(255, 'x'), true, true},
      {"*", false, true},
      {">", false, true},
      {"a.*.b", false, true},
      {"a.>", false, true},
      {"", false, false},
      {std::string(256, 'x'), false, false},
      {".", false, false},
      {".a", false, false},
      {"a.", false, false},
      {"a..b", false, false},
      {"a b", false, false},
      {"a\tb", false, false},
      {std::string("a\0b", 3), false, false},
      {"a\x7f", false, false},
      {"\xff", false, false},
      {"a\xc3", false, false},
      {"a.>.b", false, false},
      {">.a", false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(checkTopic(row.name).ok() == row.topic);
    CHECK(checkPattern(row.name).ok() == row.pattern);
  }
  const auto refused = checkTopic("a.*");
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  CHECK(refused.error().message.find("no wildcards") != std::string::npos);
}

TEST_CASE("wildcards match as those of NATS do") {
  struct Row {
    const char* pattern;
    std::vector<std::string> matched;
    std::vector<std::string> others;
  };
  const std::vector<Row> rows = {
      {"a.b", {"a.b"}, {"a", "a.b.c", "a.c", "b.a"}},
      {"*", {"a", "bc"}, {"a.b"}},
      {"a.*", {"a.b", "a.c"}, {"a", "a.b.c", "b.c"}},
      {"*.b", {"a.b", "c.b"}, {"b", "a.b.b", "a.c"}},
      {">", {"a", "a.b", "a.b.c"}, {}},
      {"a.>", {"a.b", "a.b.c"}, {"a", "b.a"}},
      {"*.*.>", {"a.b.c", "a.b.c.d"}, {"a.b", "a"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    Topics topics;
    CHECK(topics.subscribe(7, row.pattern));
    for (const std::string& topic : row.matched) CHECK(topics.subscribersOf(topic).size() == 1);
    for (const std::string& topic : row.others) CHECK(topics.subscribersOf(topic).empty());
  }
}

TEST_CASE("who is matched by several subscriptions is named once, however many those are") {
  Topics topics;
  // Up to eight sets are searched, more are sorted.
  const std::vector<std::string> patterns = {"a.b.c", ">",     "a.>",   "a.b.>", "*.b.c", "a.*.c",
                                             "a.b.*", "*.*.c", "*.b.*", "a.*.*", "*.*.*"};
  for (std::size_t count = 1; count <= patterns.size(); ++count) {
    CHECK(topics.subscribe(1, patterns[count - 1]));
    CHECK_FALSE(topics.subscribe(1, patterns[count - 1]));
    CHECK(topics.subscribe(static_cast<std::int32_t>(count) + 1, patterns[count - 1]));
    const auto found = inOrder(topics.subscribersOf("a.b.c"));
    CHECK(found.size() == count + 1);
    CHECK(std::ranges::adjacent_find(found) == found.end());
    CHECK(topics.countOf(1) == count);
  }
}

TEST_CASE("a pattern of which nobody is left is gone, and so is who has none left") {
  Topics topics;
  topics.subscribe(1, "a.*");
  topics.subscribe(2, "a.*");
  topics.subscribe(1, "a.*.c");
  CHECK(topics.patterns() == std::vector<std::string>{"a.*", "a.*.c"});
  CHECK(topics.unsubscribe(1, "a.*"));
  CHECK_FALSE(topics.unsubscribe(1, "a.*"));
  CHECK_FALSE(topics.unsubscribe(3, "a.*"));
  CHECK_FALSE(topics.unsubscribe(2, "a.*.c"));
  CHECK_FALSE(topics.unsubscribe(2, "b"));
  topics.end(2);
  topics.end(2);
  CHECK(topics.patterns() == std::vector<std::string>{"a.*.c"});
  CHECK(topics.subscribersOf("a.b").empty());
  CHECK(topics.subscribersOf("a.b.c").size() == 1);
  topics.end(1);
  CHECK(topics.patterns().empty());
  CHECK(topics.countOf(1) == 0);
  CHECK(topics.patternsOf(1).empty());
}

TEST_CASE("who has very many and ends is forgotten little by little, and heard of no more") {
  Topics topics;
  const auto name = [](int index) {
    return "a." + std::to_string(index) + (index % 2 ? ".*" : "");
  };
  for (int index = 0; index < 10'000; ++index) topics.subscribe(1, name(index));
  topics.subscribe(2, name(0));
  topics.subscribe(2, name(1));
  topics.end(1);
  CHECK(topics.patternsOf(1).empty());
  CHECK(topics.countOf(1) == 0);
  std::size_t left = topics.patterns().size();
  CHECK(left > 8000);
  CHECK(left < 10'000);
  topics.sweep();
  CHECK(topics.patterns().size() < left);
  left = topics.patterns().size();
  CHECK(left > 7000);
  // Others come and go meanwhile, to the same and to others.
  topics.subscribe(3, name(4000));
  topics.subscribe(3, "new");
  topics.end(2);
  topics.sweepAll();
  CHECK(topics.patterns() == std::vector<std::string>{"a.4000", "new"});
  const auto found = topics.subscribersOf("a.4000");
  CHECK(std::vector<std::int32_t>(found.begin(), found.end()) == std::vector<std::int32_t>{3});
}

TEST_CASE("whatever is done in whatever order, it is as in a plain map") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Names names(random);
    Topics topics;
    Model model;
    for (int step = 0; step < 2000; ++step) {
      const auto id = static_cast<std::int32_t>(1 + random() % 40);
      const std::string pattern = names.pattern();
      switch (random() % 8) {
        case 0:
          topics.end(id);
          model.end(id);
          break;
        case 1:
        case 2:
          REQUIRE(topics.unsubscribe(id, pattern) == model.unsubscribe(id, pattern));
          break;
        case 3: {
          const std::string topic = names.topic();
          CAPTURE(topic);
          REQUIRE(inOrder(topics.subscribersOf(topic)) == model.subscribersOf(topic));
          break;
        }
        default:
          REQUIRE(topics.subscribe(id, pattern) == model.subscribe(id, pattern));
      }
      REQUIRE(topics.patternsOf(id) == model.patternsOf(id));
    }
    REQUIRE(topics.patterns() == model.patterns());
  }
}

TEST_CASE("a set of numbers is what it was told, while it grows and shrinks") {
  std::mt19937 random(1);
  for (const std::int32_t range : {3, 100, 5000}) {
    IdSet set;
    std::set<std::int32_t> model;
    for (int step = 0; step < 20000; ++step) {
      // First more come than go, then the other way round.
      const auto id = static_cast<std::int32_t>(1 + random() % static_cast<unsigned>(range));
      const bool inserts = random() % 4 < (step < 10000 ? 3U : 1U);
      if (inserts) {
        REQUIRE(set.insert(id) == model.insert(id).second);
      } else {
        REQUIRE(set.erase(id) == (model.erase(id) > 0));
      }
      REQUIRE(set.contains(id) == model.contains(id));
      REQUIRE(set.size() == model.size());
    }
    std::set<std::int32_t> found;
    set.forEach([&](std::int32_t id) { CHECK(found.insert(id).second); });
    CHECK(found == model);
  }
}

}  // namespace wss::server
