// SPDX-License-Identifier: MIT
// A story of subscriptions: each line is a letter and a name. What Topics answers must be what the
// rule says of each pattern by itself.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "../native/support/reference.h"
#include "server/topics/topic.h"
#include "server/topics/topics.h"

namespace wss::server {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class Story {
 public:
  void tell(char what, std::string_view name) {
    // Letters in capitals are another connection's.
    const bool isOther = what >= 'A' && what <= 'Z';
    const std::int32_t id = isOther ? 2 : 1;
    const bool isPattern = checkPattern(name).ok();
    require(isPattern || !checkTopic(name).ok());
    const std::pair<std::int32_t, std::string> subscription(id, name);
    switch (what | 0x20) {
      case 's':
        if (isPattern) require(topics_.subscribe(id, name) == all_.insert(subscription).second);
        break;
      case 'u':
        if (isPattern) require(topics_.unsubscribe(id, name) == (all_.erase(subscription) > 0));
        break;
      case 'e':
        topics_.end(id);
        std::erase_if(all_, [id](const auto& one) { return one.first == id; });
        break;
      default:
        if (checkTopic(name).ok()) publish(name);
    }
  }

 private:
  void publish(std::string_view topic) {
    std::set<std::int32_t> expected;
    for (const auto& [id, pattern] : all_) {
      if (test::topicFits(topic, pattern)) expected.insert(id);
    }
    const auto found = topics_.subscribersOf(topic);
    require(found.size() == expected.size());
    for (const std::int32_t id : found) require(expected.contains(id));
  }

  Topics topics_;
  std::set<std::pair<std::int32_t, std::string>> all_;
};

}  // namespace
}  // namespace wss::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  wss::server::Story story;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty()) story.tell(line.front(), line.substr(1));
  }
  return 0;
}
