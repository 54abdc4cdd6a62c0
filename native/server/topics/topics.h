// SPDX-License-Identifier: MIT
// Who is subscribed to what. Every subscription is named by its pattern (topic.h); those without
// wildcards are found by their names, the others in a tree of tokens. A subscription costs 8 to 22
// bytes, and what it is looked up, added and removed by does not grow with how many there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/topics/id_set.h"

namespace wss::server {

/// Is told which patterns there are.
class PatternWatcher {
 public:
  /// `pattern` has its first subscriber, or has lost its last. A view that is good for the call.
  virtual void onPattern(std::string_view pattern, bool wanted) = 0;

 protected:
  ~PatternWatcher() = default;
};

class Topics {
 public:
  /// `watcher` must outlive it; null: nobody is told.
  explicit Topics(PatternWatcher* watcher = nullptr) : watcher_(watcher) {}

  /// Whether `id` was not subscribed to `pattern` before. REQUIRES checkPattern(), and id > 0.
  bool subscribe(std::int32_t id, std::string_view pattern);
  /// Whether `id` was subscribed to `pattern`.
  bool unsubscribe(std::int32_t id, std::string_view pattern);
  [[nodiscard]] bool has(std::int32_t id, std::string_view pattern) const;
  /// Forgets all subscriptions of `id`, which must not come again: some at once, and of very many
  /// the others as sweep() is called, so that nobody waits for that.
  void end(std::int32_t id);
  /// Forgets some more.
  void sweep() { sweep(kSwept); }
  void sweepAll() { sweep(SIZE_MAX); }

  /// Those who are subscribed to what `topic` fits, each once, in rising order, and perhaps some
  /// who have ended. Valid until the next call. REQUIRES checkTopic().
  std::span<const std::int32_t> subscribersOf(std::string_view topic);
  /// The patterns that `id` is subscribed to, sorted.
  [[nodiscard]] std::vector<std::string> patternsOf(std::int32_t id) const;
  /// How many that are.
  [[nodiscard]] std::size_t countOf(std::int32_t id) const;
  /// The patterns that somebody is subscribed to, sorted; before sweepAll() perhaps some that only
  /// those had who have ended.
  [[nodiscard]] std::vector<std::string> patterns() const;
  /// How many those are, and how many connections are subscribed to one.
  [[nodiscard]] std::size_t patternCount() const { return byPattern_.size(); }
  [[nodiscard]] std::size_t connectionCount() const { return byConnection_.size(); }

 private:
  /// A number of a row of subscriptions_; from 1, as those in an IdSet.
  using Number = std::int32_t;
  /// All who are subscribed to one pattern.
  struct Subscription {
    std::string pattern;  ///< empty: the row is free
    IdSet subscribers;
  };
  /// A place in the tree of patterns with wildcards, reached by the tokens before it.
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> next;  ///< by the token that follows
    Number here = 0;  ///< of the pattern that ends here; 0: none does
    Number rest = 0;  ///< of the pattern that goes on with >
  };

  struct Left {
    Number number;
    std::int32_t id;
  };

  static constexpr std::size_t kSwept = 1024;

  void sweep(std::size_t most);
  [[nodiscard]] Subscription& row(Number number) {
    return *subscriptions_[static_cast<std::size_t>(number) - 1];
  }
  [[nodiscard]] const Subscription& row(Number number) const {
    return *subscriptions_[static_cast<std::size_t>(number) - 1];
  }
  Number add(std::string_view pattern);
  /// Nobody is subscribed to it any more.
  void remove(Number number);
  void removeSubscriber(Number number, std::int32_t id);
  /// The Number in the tree that `pattern`'s place has, made if it is not there.
  Number& grow(std::string_view pattern);
  /// Takes `pattern` out of the tree below `node`, and what leads nowhere then.
  static void prune(Node& node, std::string_view pattern);
  void match(const Node& node, std::string_view topic);
  void found(Number number) {
    if (number != 0) matched_.push_back(&row(number).subscribers);
  }

  PatternWatcher* watcher_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::vector<Number> free_;
  std::unordered_map<std::string_view, Number> byPattern_;  ///< views into subscriptions_
  Node tree_;
  std::unordered_map<std::int32_t, IdSet> byConnection_;  ///< Numbers
  std::vector<Left> left_;                                ///< of those that have ended
  std::vector<const IdSet*> matched_;
  std::vector<std::int32_t> subscribers_;
};

}  // namespace wss::server
