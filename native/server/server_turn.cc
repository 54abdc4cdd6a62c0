// SPDX-License-Identifier: MIT
// What a server does of its own accord: the handshakes that wait, the endings at the end of a turn,
// the deadlines that have come, and the names of clients.
#include <algorithm>
#include <utility>

#include "server/server.h"

namespace wss::server {
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

void Server::serveBacklogs() {
  // Once a turn, and not those who have fallen behind in it: the others have their turn first.
  const bool served = std::exchange(catchUpTurn_, loop_.turn()) == loop_.turn();
  const std::size_t endings = endings_.size();
  catchesUp_ = true;
  while (!served && !behind_.empty() && behind_.front().turn != loop_.turn() && !events_.full()) {
    const std::int32_t id = behind_.front().id;
    behind_.pop_front();
    if (Connection* const connection = find(id)) connection->catchUp();
  }
  catchesUp_ = false;
  if (!behind_.empty() || endings_.size() > endings) loop_.wake();
}

void Server::endTurn() {
  if (handshakeQueue_.empty() && endings_.empty() && behind_.empty()) return;
  serveHandshakes();
  for (Ending& ending : std::exchange(endings_, {})) {
    Connection* const connection = find(ending.id);
    if (std::ranges::find(held_, ending.id) != held_.end()) {
      endings_.push_back(std::move(ending));
    } else if (connection != nullptr) {
      connection->leave(ending);
    }
  }
  serveBacklogs();
  flushTouched({});
}

Tick Server::addDeadline(std::int32_t id, Tick due) {
  startTicking();
  return deadlines_.add(id, due);
}

void Server::startTicking() {
  if (loop_.ticking()) return;
  clock_.start(loop_.nowMs());
  std::vector<std::int32_t> none;
  deadlines_.collect(now(), none);
  loop_.startTicker(this, kTickMs);
}

void Server::onTick() {
  clock_.tick(loop_.nowMs());
  std::vector<std::int32_t> ids;
  deadlines_.collect(now(), ids);
  for (const std::int32_t id : ids) {
    if (id == kNamesDeadline) refreshNames();
    if (Connection* const connection = find(id)) connection->onDeadline(now());
  }
  endStalled();
  if (deadlines_.empty() && unfinished_.empty() && queues_.empty() && !listener_.isPaused()) {
    loop_.stopTicker();
  }
}

void Server::readClientLists() {
  const bool allowed = allowedClients_.assign(options.allowedClients);
  const bool blocked = blockedClients_.assign(options.blockedClients);
  if (!allowed && !blocked) return;
  std::vector<std::string> names = allowedClients_.names();
  names.insert(names.end(), blockedClients_.names().begin(), blockedClients_.names().end());
  reportNames(hostNames_.know(names));
  if (!hostNames_.empty()) refreshNamesAt(now() + kNamesTicks);
}

void Server::reportNames(const HostNames::Failures& failures) {
  if (!failures.empty()) loop_.wake();  // A setting may change outside of a turn.
  const auto report = [&](const ClientList& list, const HostNames::Failure& failure,
                          std::string_view consequence) {
    if (std::ranges::find(list.names(), failure.name) == list.names().end()) return;
    reportError(0, {failure.error.code, failure.error.message + std::string(consequence)});
  };
  for (const HostNames::Failure& failure : failures) {
    report(allowedClients_, failure, " in AllowedClients: see that it resolves, or give addresses");
    report(blockedClients_, failure, " in BlockedClients: see that it resolves, or give addresses");
  }
}

void Server::refreshNamesAt(Tick due) {
  namesDue_ = due;
  addDeadline(kNamesDeadline, due);
}

void Server::refreshNames() {
  // There is one for each time that listening has started.
  if (!isListening() || hostNames_.empty() || now() < namesDue_) return;
  if (hostNames_.refreshing()) {
    reportNames(hostNames_.takeRefreshed());
  } else {
    hostNames_.refresh();
  }
  refreshNamesAt(now() + (hostNames_.refreshing() ? 1 : kNamesTicks));
}

}  // namespace wss::server
