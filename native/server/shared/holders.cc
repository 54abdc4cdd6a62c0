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

void Holders::setBytes(Node& node, std::size_t bytes, std::size_t shared) {
  total_ += (bytes - shared) - (node.bytes - node.shared);
  alike(node).remove(node);
  node.bytes = bytes;
  node.shared = shared;
  alike(node).append(node);
}

void Holders::progress(std::int32_t id, std::size_t bytes, Tick now, std::uint32_t mark,
                       std::size_t shared) {
  if (bytes == 0) return remove(id);
  const auto [entry, isNew] = nodes_.try_emplace(id, Node{id, bytes, shared, now, mark});
  Node& node = entry->second;
  if (isNew) {
    total_ += bytes - shared;
    alike(node).append(node);
  } else {
    setBytes(node, bytes, shared);
    order_.remove(node);
  }
  order_.append(node);
  node.since = now;
  node.mark = mark;
}

void Holders::resize(std::int32_t id, std::size_t bytes, std::size_t shared) {
  const auto entry = nodes_.find(id);
  if (entry == nodes_.end()) return;
  Node& node = entry->second;
  if (node.bytes != bytes || node.shared != shared) setBytes(node, bytes, shared);
}

void Holders::remove(std::int32_t id) {
  if (nodes_.empty()) return;
  const auto entry = nodes_.find(id);
  if (entry == nodes_.end()) return;
  Node& node = entry->second;
  total_ -= node.bytes - node.shared;
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
