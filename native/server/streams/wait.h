// SPDX-License-Identifier: MIT
// Something that a connection has been asked for and is to settle: a send to be taken, a Pong to
// come.
#pragma once

#include <cstdint>

#include "server/streams/flow.h"
#include "server/timing/deadlines.h"

namespace wss::server {

/// What a Wait waits for.
enum class Goal : std::uint8_t {
  kTaken,    ///< the kernel has taken all that waited in the queue at first
  kDrained,  ///< nothing waits in the queue, and no message in parts is open
  kPong,
};

struct Wait {
  std::int32_t token;
  Goal goal;
  std::uint64_t bytes;  ///< kTaken: what the kernel has yet to take
  Tick since;           ///< when there was progress last
  Stretch ahead{};      ///< kPong: what has to leave before the Ping
};

}  // namespace wss::server
