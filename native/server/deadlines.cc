// SPDX-License-Identifier: MIT
#include "server/deadlines.h"

#include <algorithm>

namespace wss::server {

std::uint64_t Deadlines::add(std::int32_t id, std::uint64_t dueMs) {
  const std::uint64_t wanted = (dueMs + kTickMs - 1) / kTickMs;
  const std::uint64_t tick = std::clamp(wanted, tick_ + 1, tick_ + kSlots - 1);
  slots_[tick % kSlots].push_back(id);
  ++count_;
  return tick * kTickMs;
}

void Deadlines::collect(std::uint64_t nowMs, std::vector<std::int32_t>& due) {
  const std::uint64_t now = nowMs / kTickMs;
  // After a long pause every slot has come up once.
  const std::uint64_t last = std::min(now, tick_ + kSlots);
  for (std::uint64_t tick = tick_ + 1; tick <= last; ++tick) {
    auto& slot = slots_[tick % kSlots];
    due.insert(due.end(), slot.begin(), slot.end());
    count_ -= slot.size();
    // A burst of clients must not leave its memory behind.
    std::vector<std::int32_t>().swap(slot);
  }
  tick_ = std::max(tick_, now);
}

}  // namespace wss::server
