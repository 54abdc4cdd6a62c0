// SPDX-License-Identifier: MIT
// Many clients at once, and what a server makes of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server_fixture.h"

namespace wss::test {

using Peers = std::vector<std::unique_ptr<Peer>>;

inline Peers crowd(ServerFixture& fixture, std::size_t count, int receiveBuffer = 0) {
  Peers peers;
  for (std::size_t i = 0; i < count; ++i) {
    peers.push_back(std::make_unique<Peer>(fixture.port(), receiveBuffer));
  }
  return peers;
}

inline std::size_t linesOf(const ServerFixture& fixture, std::string_view text) {
  std::size_t lines = 0;
  for (const Event& event : fixture.events) {
    const bool told =
        event.kind == EventKind::kLog && event.payload.find(text) != std::string::npos;
    lines += told ? 1U : 0U;
  }
  return lines;
}

inline void takeTurns(ServerFixture& fixture, int count) {
  for (int i = 0; i < count; ++i) fixture.turn();
}

}  // namespace wss::test
