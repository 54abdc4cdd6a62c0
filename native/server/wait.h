// SPDX-License-Identifier: MIT
// What a connection has been asked for and is to settle: a send to be taken, a Pong to come.
#pragma once

#include <cstdint>

#include "server/deadlines.h"

namespace wss::server {

/// What a Wait waits for.
enum class Goal : std::uint8_t {
  kTaken,    ///< the kernel has taken all that waited in the queue at first
  kDrained,  ///< isDrained()
  kPong,
};

/// A stretch of what is sent; both ends count bytes that the peer has taken.
struct Stretch {
  std::int64_t taken = 0;  ///< when it was looked at last
  std::int64_t end = 0;

  [[nodiscard]] std::int64_t left() const { return end - taken; }
};

/// Something that has been asked for and is to be settled.
struct Wait {
  std::int32_t token;
  Goal goal;
  std::uint64_t bytes;  ///< kTaken: what the kernel has yet to take
  Tick since;           ///< when there was progress last
  Stretch ahead{};      ///< kPong: what has to leave before the Ping
};

}  // namespace wss::server
