// SPDX-License-Identifier: MIT
#include "server/topics/id_set.h"

#include <bit>
#include <utility>

namespace wss::server {
namespace {

constexpr std::uint32_t kLeastCapacity = 2;
/// The golden ratio: numbers that follow one another are spread (Knuth, 6.4).
constexpr std::uint32_t kSpread = 0x9E3779B1;

/// Whether `size` numbers are too many for so many places.
bool isCrowded(std::uint32_t size, std::uint32_t capacity) {
  return size > capacity / 2 + capacity / 4;
}

}  // namespace

bool IdSet::insert(std::int32_t id) {
  if (isCrowded(size_ + 1, capacity_)) rehash(capacity_ == 0 ? kLeastCapacity : 2 * capacity_);
  std::int32_t& place = places_[find(id)];
  if (place == id) return false;
  place = id;
  ++size_;
  return true;
}

bool IdSet::erase(std::int32_t id) {
  if (!contains(id)) return false;
  // What was pushed on by others moves up, so that no gap lies before it.
  std::uint32_t gap = find(id);
  const std::uint32_t mask = capacity_ - 1;
  for (std::uint32_t at = (gap + 1) & mask; places_[at] != kFree; at = (at + 1) & mask) {
    const std::uint32_t pushed = (at - home(places_[at])) & mask;
    if (pushed < ((at - gap) & mask)) continue;
    places_[gap] = places_[at];
    gap = at;
  }
  places_[gap] = kFree;
  --size_;
  if (size_ == 0) {
    places_.reset();
    capacity_ = 0;
  } else if (capacity_ > kLeastCapacity && size_ < capacity_ / 8) {
    rehash(capacity_ / 4);
  }
  return true;
}

bool IdSet::contains(std::int32_t id) const { return capacity_ > 0 && places_[find(id)] == id; }

std::uint32_t IdSet::find(std::int32_t id) const {
  std::uint32_t place = home(id);
  while (places_[place] != kFree && places_[place] != id) place = (place + 1) & (capacity_ - 1);
  return place;
}

std::uint32_t IdSet::home(std::int32_t id) const {
  const std::uint32_t spread = static_cast<std::uint32_t>(id) * kSpread;
  return spread >> (32 - std::countr_zero(capacity_));
}

void IdSet::rehash(std::uint32_t capacity) {
  const std::unique_ptr<std::int32_t[]> old =
      std::exchange(places_, std::make_unique<std::int32_t[]>(capacity));  // All of them free.
  const std::uint32_t count = std::exchange(capacity_, capacity);
  for (std::uint32_t place = 0; place < count; ++place) {
    if (old[place] != kFree) places_[find(old[place])] = old[place];
  }
}

}  // namespace wss::server
