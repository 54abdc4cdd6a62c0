// SPDX-License-Identifier: MIT
// Many coarse deadlines at the price of one timer: a wheel of ticks. Entries are never removed;
// whoever owns one looks, when it comes up, whether it still means anything.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace wss::server {

class Deadlines {
 public:
  static constexpr unsigned kTickMs = 100;

  /// Has `id` come up at the first tick that is not before `dueMs`, or earlier, if that is further
  /// away than the wheel reaches. Returns when.
  std::uint64_t add(std::int32_t id, std::uint64_t dueMs);
  /// Moves what has come up by `nowMs` to the end of `due`.
  void collect(std::uint64_t nowMs, std::vector<std::int32_t>& due);
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  static constexpr std::uint64_t kSlots = 512;

  std::array<std::vector<std::int32_t>, kSlots> slots_;
  std::uint64_t tick_ = 0;  ///< the last tick collected
  std::size_t count_ = 0;
};

}  // namespace wss::server
