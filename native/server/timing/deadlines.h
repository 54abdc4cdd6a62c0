// SPDX-License-Identifier: MIT
// Many coarse deadlines at the price of one timer: a wheel of ticks. Entries are never removed;
// whoever owns one looks, when it comes up, whether it still means anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wss::server {

/// Tenths of a second of the server's clock; 32 bits last for 13 years.
using Tick = std::uint32_t;
inline constexpr Tick kTicksPerSecond = 10;
inline constexpr unsigned kTickMs = 1000 / kTicksPerSecond;

/// The first tick at which `seconds` have passed for certain since some time within `since`.
constexpr Tick ticksLater(Tick since, int seconds) {
  return since + static_cast<Tick>(seconds) * kTicksPerSecond + 1;
}

class Deadlines {
 public:
  /// Has `id` come up at `due`, or earlier, if that is further away than the wheel reaches; at the
  /// next tick if it is past. Returns when.
  Tick add(std::int32_t id, Tick due);
  /// Moves what has come up by `now` to the end of `ids`.
  void collect(Tick now, std::vector<std::int32_t>& ids);
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  static constexpr Tick kSlots = 512;

  std::array<std::vector<std::int32_t>, kSlots> slots_;
  Tick tick_ = 0;  ///< the last one collected
  std::size_t count_ = 0;
};

}  // namespace wss::server
