// SPDX-License-Identifier: MIT
#include "server/listening/pending.h"

namespace wss::server {
namespace {

/// An address stands out that has more than this part of all.
constexpr std::size_t kShare = 16;
constexpr int kSecondsToAnswer = 1;

}  // namespace

void Pending::link(Node& node) {
  const auto kind = static_cast<std::size_t>(node.waitsFor);
  all_[kind].append(node);
  node.source->lists[kind].append(node);
}

void Pending::unlink(Node& node) {
  const auto kind = static_cast<std::size_t>(node.waitsFor);
  all_[kind].remove(node);
  node.source->lists[kind].remove(node);
}

void Pending::add(std::int32_t id, const net::Address& client, Time now) {
  const AddressKey key = addressKey(client);
  Source& source = sources_.try_emplace(key, Source{key, {}}).first->second;
  Node& node = nodes_.try_emplace(id, Node{id, WaitsFor::kPeer, now, &source}).first->second;
  link(node);
  ++source.count;
  if (largest_ == nullptr || source.count > largest_->count) largest_ = &source;
}

void Pending::move(std::int32_t id, WaitsFor waitsFor, Time now) {
  const auto entry = nodes_.find(id);
  if (entry == nodes_.end()) return;
  Node& node = entry->second;
  unlink(node);
  node.waitsFor = waitsFor;
  node.since = now;
  link(node);
}

void Pending::remove(std::int32_t id) {
  const auto entry = nodes_.find(id);
  if (entry == nodes_.end()) return;
  Source& source = *entry->second.source;
  unlink(entry->second);
  nodes_.erase(entry);
  if (--source.count > 0) return;
  if (largest_ == &source) largest_ = nullptr;
  sources_.erase(AddressKey(source.key));
}

template <typename Kinds>
std::int32_t Pending::oldest(const Kinds& lists, Time now) {
  const Node* const said = lists[static_cast<std::size_t>(WaitsFor::kAnswered)].first();
  const bool late = said != nullptr && ticksLater(said->since.tick, kSecondsToAnswer) <= now.tick;
  const Node* const none = silent(lists);
  // What it has sent may be reported in the turn after it was accepted, and be read later in it.
  const bool ripe = none != nullptr && none->since.turn + 1 < now.turn;
  if (ripe && late) return (none->since.turn < said->since.turn ? none : said)->id;
  return ripe ? none->id : late ? said->id : 0;
}

std::int32_t Pending::victim(Time now) const {
  if (largest_ != nullptr && largest_->count * kShare > count()) {
    if (const std::int32_t id = oldest(largest_->lists, now); id != 0) return id;
  }
  return oldest(all_, now);
}

std::int32_t Pending::victimOf(const net::Address& client, Time now) const {
  const auto source = sources_.find(addressKey(client));
  return source == sources_.end() ? 0 : oldest(source->second.lists, now);
}

}  // namespace wss::server
