// SPDX-License-Identifier: MIT
// The clock of a server's deadlines.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/timing/deadlines.h"

namespace wss::server {

/// Stands still while the loop was kept from running, so that a stall of ours is not taken for a
/// peer's silence. What stands still is bounded: a minute at once, and then no more than has passed
/// without stalls. So deadlines come, whatever keeps the loop from running. All times are those of
/// a steady clock, in milliseconds.
class Clock {
 public:
  /// tick() is called about every kTickMs from now on.
  void start(std::uint64_t nowMs) { lastMs_ = nowMs; }
  void tick(std::uint64_t nowMs) {
    const std::uint64_t since = nowMs - std::exchange(lastMs_, nowMs);
    if (since <= kStallMs) {
      graceMs_ = std::min(graceMs_ + since, kMostGraceMs);
      return;
    }
    const std::uint64_t forgiven = std::min(since, graceMs_);
    stalledMs_ += forgiven;
    graceMs_ -= forgiven;
  }
  [[nodiscard]] Tick at(std::uint64_t nowMs) const {
    return static_cast<Tick>((nowMs - stalledMs_) / kTickMs);
  }

 private:
  /// More than this between two ticks means that the loop was kept from running.
  static constexpr std::uint64_t kStallMs = 1000;
  static constexpr std::uint64_t kMostGraceMs = std::uint64_t{60} * 1000;

  std::uint64_t lastMs_ = 0;
  std::uint64_t stalledMs_ = 0;
  std::uint64_t graceMs_ = kMostGraceMs;  ///< what stalls to come may add to it
};

}  // namespace wss::server
