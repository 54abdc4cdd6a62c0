// SPDX-License-Identifier: MIT
#include "server/shared/holders.h"

#include <bit>

namespace wss::server {
namespace {

/// A connection that has made no progress for so long goes before those that make some.
constexpr int kStaleSeconds = 1;

bool isIdle(Tick since, Tick now, int seconds) { return ticksLater(since, seconds) <= now; }

}  // namespace

Holders::BySize& Holders::alike(const Node& node) {
  return sizes_[static_cast<std::size_t>(std::bit_width(node.bytes))];
}

void Holders::setBytes(Node& node, std::size_t bytes) {
  total_ += bytes - node.bytes;
  alike(node).remove(node);
  node.bytes = bytes;
  alike(node).append(node);
}

void Holders::progress(std::int32_t id, std::size_t bytes, Tick now, std::uint32_t mark) {
  if (bytes == 0) return remove(id);
  const auto [entry, isNew] = nodes_.try_emplace(id, Node{id, bytes, now, mark});
  Node& node = entry->second;
  if (isNew) {
    total_ += bytes;
    alike(node).append(node);
  } else {
    setBytes(node, bytes);
    order_.remove(node);
  }
  order_.append(node);
  node.since = now;
  node.mark = mark;
}

void Holders::resize(std::int32_t id, std::size_t bytes) {
  const auto entry = nodes_.find(id);
  if (entry != nodes_.end() && entry->second.bytes != bytes) setBytes(entry->second, bytes);
}

void Holders::remove(std::int32_t id) {
  if (nodes_.empty()) return;
  const auto entry = nodes_.find(id);
  if (entry == nodes_.end()) return;
  Node& node = entry->second;
  total_ -= node.bytes;
  alike(node).remove(node);
  order_.remove(node);
  nodes_.erase(entry);
}

std::uint32_t Holders::mark(std::int32_t id) const {
  const auto entry = nodes_.find(id);
  return entry == nodes_.end() ? 0 : entry->second.mark;
}

Tick Holders::since(std::int32_t id) const {
  const auto entry = nodes_.find(id);
  return entry == nodes_.end() ? 0 : entry->second.since;
}

std::int32_t Holders::worst(Tick now) const {
  const Node* largest = nullptr;
  for (auto size = sizes_.rbegin(); size != sizes_.rend(); ++size) {
    const Node* const node = size->first();
    if (node == nullptr) continue;
    if (isIdle(node->since, now, kStaleSeconds)) return node->id;
    if (largest == nullptr) largest = node;
  }
  return largest == nullptr ? 0 : largest->id;
}

bool Holders::isStale(std::int32_t id, Tick now) const {
  const auto entry = nodes_.find(id);
  return entry != nodes_.end() && isIdle(entry->second.since, now, kStaleSeconds);
}

void Holders::collectIdle(Tick now, int seconds, std::vector<std::int32_t>& ids) const {
  for (const Node* node = order_.first(); node != nullptr && isIdle(node->since, now, seconds);
       node = ByTime::next(*node)) {
    ids.push_back(node->id);
  }
}

}  // namespace wss::server
