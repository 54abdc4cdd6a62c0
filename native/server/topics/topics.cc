// SPDX-License-Identifier: MIT
#include "server/topics/topics.h"

#include <algorithm>
#include <utility>

#include "server/topics/topic.h"

namespace wss::server {
namespace {

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

}  // namespace

bool Topics::subscribe(std::int32_t id, std::string_view pattern) {
  const auto known = byPattern_.find(pattern);
  const Number number = known != byPattern_.end() ? known->second : add(pattern);
  if (!row(number).subscribers.insert(id)) return false;
  byConnection_[id].insert(number);
  return true;
}

bool Topics::unsubscribe(std::int32_t id, std::string_view pattern) {
  const auto known = byPattern_.find(pattern);
  const auto own = byConnection_.find(id);
  if (known == byPattern_.end() || own == byConnection_.end()) return false;
  const Number number = known->second;
  if (!own->second.erase(number)) return false;
  if (own->second.empty()) byConnection_.erase(own);
  removeSubscriber(number, id);
  return true;
}

bool Topics::has(std::int32_t id, std::string_view pattern) const {
  const auto known = byPattern_.find(pattern);
  return known != byPattern_.end() && row(known->second).subscribers.contains(id);
}

void Topics::end(std::int32_t id) {
  const auto own = byConnection_.extract(id);
  if (own.empty()) return;
  own.mapped().forEach([&](Number number) { left_.push_back({number, id}); });
  sweep();
}

void Topics::sweep(std::size_t most) {
  for (; most > 0 && !left_.empty(); --most) {
    const Left left = left_.back();
    left_.pop_back();
    removeSubscriber(left.number, left.id);
  }
  if (left_.empty()) left_ = {};
}

std::span<const std::int32_t> Topics::subscribersOf(std::string_view topic) {
  matched_.clear();
  if (const auto exact = byPattern_.find(topic); exact != byPattern_.end()) found(exact->second);
  match(tree_, topic);

  subscribers_.clear();
  for (const IdSet* set : matched_) {
    set->forEach([&](std::int32_t id) { subscribers_.push_back(id); });
  }
  // By their numbers: whoever touches what belongs to each then goes through memory in its order.
  std::ranges::sort(subscribers_);
  const auto repeated = std::ranges::unique(subscribers_);
  subscribers_.erase(repeated.begin(), repeated.end());
  return subscribers_;
}

std::vector<std::string> Topics::patternsOf(std::int32_t id) const {
  std::vector<std::string> names;
  if (const auto own = byConnection_.find(id); own != byConnection_.end()) {
    own->second.forEach([&](Number number) { names.push_back(row(number).pattern); });
  }
  return sorted(std::move(names));
}

std::size_t Topics::countOf(std::int32_t id) const {
  const auto own = byConnection_.find(id);
  return own == byConnection_.end() ? 0 : own->second.size();
}

std::vector<std::string> Topics::patterns() const {
  std::vector<std::string> names;
  names.reserve(byPattern_.size());
  for (const auto& [pattern, number] : byPattern_) names.emplace_back(pattern);
  return sorted(std::move(names));
}

Topics::Number Topics::add(std::string_view pattern) {
  Number number = 0;
  if (free_.empty()) {
    subscriptions_.push_back(std::make_unique<Subscription>());
    number = static_cast<Number>(subscriptions_.size());
  } else {
    number = free_.back();
    free_.pop_back();
  }
  Subscription& added = row(number);
  added.pattern = pattern;
  byPattern_.emplace(added.pattern, number);
  if (hasWildcard(pattern)) grow(pattern) = number;
  if (watcher_ != nullptr) watcher_->onPattern(pattern, true);
  return number;
}

void Topics::remove(Number number) {
  Subscription& removed = row(number);
  if (watcher_ != nullptr) watcher_->onPattern(removed.pattern, false);
  if (hasWildcard(removed.pattern)) prune(tree_, removed.pattern);
  byPattern_.erase(removed.pattern);
  removed.pattern = std::string();
  free_.push_back(number);
}

void Topics::removeSubscriber(Number number, std::int32_t id) {
  IdSet& subscribers = row(number).subscribers;
  subscribers.erase(id);
  if (subscribers.empty()) remove(number);
}

Topics::Number& Topics::grow(std::string_view pattern) {
  Node* node = &tree_;
  while (!pattern.empty()) {
    const std::string_view token = takeToken(pattern);
    if (token == ">") return node->rest;
    auto next = node->next.find(token);
    if (next == node->next.end()) {
      next = node->next.emplace(std::string(token), std::make_unique<Node>()).first;
    }
    node = next->second.get();
  }
  return node->here;
}

void Topics::prune(Node& node, std::string_view pattern) {
  if (pattern.empty()) {
    node.here = 0;
    return;
  }
  const std::string_view token = takeToken(pattern);
  if (token == ">") {
    node.rest = 0;
    return;
  }
  const auto next = node.next.find(token);
  prune(*next->second, pattern);
  const Node& left = *next->second;
  if (left.next.empty() && left.here == 0 && left.rest == 0) node.next.erase(next);
}

void Topics::match(const Node& node, std::string_view topic) {
  if (topic.empty()) return found(node.here);
  found(node.rest);
  if (node.next.empty()) return;
  const std::string_view token = takeToken(topic);
  for (const std::string_view way : {token, std::string_view("*")}) {
    if (const auto next = node.next.find(way); next != node.next.end()) match(*next->second, topic);
  }
}

}  // namespace wss::server
