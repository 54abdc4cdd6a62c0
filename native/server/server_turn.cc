// SPDX-License-Identifier: MIT
// What a server does of its own accord: the handshakes that wait, the endings at the end of a turn,
// and the deadlines that have come.
#include <algorithm>
#include <utility>

#include "server/server.h"

namespace wss::server {
namespace {

// More than this between two ticks means that the loop was kept from running.
constexpr std::uint64_t kStallMs = 1000;

}  // namespace

void Server::serveHandshakes() {
  servesQueue_ = true;
  while (!handshakeQueue_.empty() && handshakesLeft() > 0) {
    const std::int32_t id = handshakeQueue_.front();
    handshakeQueue_.pop_front();
    // It may have gone meanwhile.
    if (Connection* const connection = find(id)) connection->takeTurn();
  }
  servesQueue_ = false;
  if (!handshakeQueue_.empty()) loop_.wake();
}

void Server::endTurn() {
  if (handshakeQueue_.empty() && endings_.empty()) return;
  serveHandshakes();
  for (Ending& ending : std::exchange(endings_, {})) {
    Connection* const connection = find(ending.id);
    if (std::ranges::find(held_, ending.id) != held_.end()) {
      endings_.push_back(std::move(ending));
    } else if (connection != nullptr) {
      connection->leave(ending);
    }
  }
  flushTouched({});
}

Tick Server::addDeadline(std::int32_t id, Tick due) {
  startTicking();
  return deadlines_.add(id, due);
}

void Server::startTicking() {
  if (loop_.ticking()) return;
  lastTickMs_ = loop_.nowMs();
  std::vector<std::int32_t> none;
  deadlines_.collect(now(), none);
  loop_.startTicker(this, kTickMs);
}

void Server::onTick() {
  const std::uint64_t nowMs = loop_.nowMs();
  const std::uint64_t since = nowMs - std::exchange(lastTickMs_, nowMs);
  if (since > kStallMs) stalledMs_ += since;
  std::vector<std::int32_t> ids;
  deadlines_.collect(now(), ids);
  for (const std::int32_t id : ids) {
    if (Connection* const connection = find(id)) connection->onDeadline(now());
  }
  endStalled();
  if (deadlines_.empty() && unfinished_.empty() && queues_.empty() && !listener_.isPaused()) {
    loop_.stopTicker();
  }
}

}  // namespace wss::server
