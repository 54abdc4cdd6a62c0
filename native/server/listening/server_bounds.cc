// SPDX-License-Identifier: MIT
// What bounds all that the peers of a server can make it hold together: connections that are not
// open yet, messages that are not whole, queues that nobody empties. Where a bound is reached it is
// the one who holds most, or has kept us waiting for longest, that goes, and never the newcomer.
#include <algorithm>
#include <string>
#include <utility>

#include "server/listening/server.h"

namespace wss::server {

std::size_t Server::maxPending() const {
  const auto most = static_cast<std::size_t>(options_.maxPendingConnections);
  const std::size_t used = static_cast<std::size_t>(opened_) + kOtherDescriptors;
  return std::min(most, descriptors_ > used ? descriptors_ - used : 1);
}

bool Server::mayAccept() {
  if (pending_.count() < maxPending() || chooseVictim() != 0) return true;
  // A connection that has only just been accepted may be evicted from the next turn but one on.
  if (!pending_.hasSilent()) pauseAccepting();
  return false;
}

bool Server::makeRoom() {
  if (pending_.count() == 0) return false;
  if (const std::int32_t victim = chooseVictim(); victim != 0) {
    evict(victim);
  } else {
    pauseAccepting();
  }
  return true;
}

std::int32_t Server::chooseVictim() {
  // Whose words lie in the kernel yet, because there are very many to read, has not been silent.
  constexpr int kLooks = 4;
  for (int look = 0; look < kLooks; ++look) {
    const std::int32_t id = pending_.victim(time());
    if (id == 0 || !find(id)->hasUnreadBytes()) return id;
    find(id)->showPending();
  }
  return pending_.victim(time());
}

void Server::pauseAccepting() {
  listener_.pause();
  shared_.timers.start();
}

void Server::onNotPending(std::int32_t id) {
  pending_.remove(id);
  if (listener_.isPaused()) listener_.resume();
}

void Server::evict(std::int32_t id) {
  ++shared_.statistics.connectionsEvicted;
  shared_.log.add(LogLevel::kDebug, id, "Closed, before it was open, to make room for a newer one");
  find(id)->abort();
  // A flood of clients must not become a flood of events.
  if (!shared_.log.shows(LogLevel::kInfo) || shared_.loop.nowMs() < nextEvictionLogMs_) return;
  nextEvictionLogMs_ = shared_.loop.nowMs() + 1000;
  shared_.log.addError(
      0, "Silent connections, not open yet, have been closed to make room for newer ones: " +
             std::to_string(shared_.statistics.connectionsEvicted) + " so far");
}

bool Server::boundUnfinished(std::int32_t id) {
  while (shared_.unfinished.total() > static_cast<std::size_t>(options_.maxUnfinishedBytes)) {
    const std::int32_t worst = shared_.unfinished.worst(shared_.now());
    if (worst == id) return false;
    shared_.unfinished.remove(worst);
    find(worst)->failMessage(ws::CloseCode::kTryAgainLater, kUnfinishedReached);
  }
  return true;
}

void Server::boundQueues() {
  const auto most = static_cast<std::size_t>(options_.maxQueuedBytesTotal);
  const auto held = [this] { return shared_.queues.total() + shared_.frames.held(); };
  while (shared_.queues.count() > 1 && held() > most) {
    const std::int32_t worst = shared_.queues.worst(shared_.now());
    Connection& connection = *find(worst);
    // A peer that reads slowly empties the kernel's buffer first: only then the kernel takes ours.
    if (shared_.queues.isStale(worst, shared_.now()) && connection.hasTakenMore()) continue;
    connection.cut("MaxQueuedBytesTotal has been reached, and no queue holds more");
  }
}

void Server::endStalled() {
  if (listener_.isPaused()) listener_.resume();
  std::vector<std::int32_t> ids;
  if (options_.messageTimeout > 0)
    shared_.unfinished.collectIdle(shared_.now(), options_.messageTimeout, ids);
  for (const std::int32_t id : std::exchange(ids, {})) find(id)->onMessageStalled();
  if (options_.sendTimeout > 0)
    shared_.queues.collectIdle(shared_.now(), options_.sendTimeout, ids);
  for (const std::int32_t id : ids) {
    Connection& connection = *find(id);
    if (!connection.hasTakenMore()) connection.cut("The peer took nothing for SendTimeout");
  }
}

}  // namespace wss::server
