// SPDX-License-Identifier: MIT
// The time, for tests: the system's, and one that stands still.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace wss::test {

inline std::uint64_t steadyMs() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
  const auto sinceStart = steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(duration_cast<milliseconds>(sinceStart).count());
}

/// Keeps the loop from running: for what is about that, not to wait for anything.
inline void stall(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

/// A clock for loops that stands still but where ServerFixture::pass() moves it.
struct ManualClock {
  static std::uint64_t read() { return nowMs; }
  static inline std::uint64_t nowMs = 1'000'000;
};

}  // namespace wss::test
