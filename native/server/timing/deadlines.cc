// SPDX-License-Identifier: MIT
#include "server/timing/deadlines.h"

#include <algorithm>

namespace wss::server {

Tick Deadlines::add(std::int32_t id, Tick due) {
  const Tick tick = std::clamp(due, tick_ + 1, tick_ + kSlots - 1);
  slots_[tick % kSlots].push_back(id);
  ++count_;
  return tick;
}

void Deadlines::collect(Tick now, std::vector<std::int32_t>& ids) {
  // After a long pause every slot has come up once.
  const Tick last = std::min(now, tick_ + kSlots);
  for (Tick tick = tick_ + 1; tick <= last; ++tick) {
    auto& slot = slots_[tick % kSlots];
    ids.insert(ids.end(), slot.begin(), slot.end());
    count_ -= slot.size();
    // A burst of clients must not leave its memory behind.
    std::vector<std::int32_t>().swap(slot);
  }
  tick_ = std::max(tick_, now);
}

}  // namespace wss::server
