// SPDX-License-Identifier: MIT
// What a server does of its own accord: the handshakes that wait, the endings at the end of a turn,
// the deadlines that have come, and the names of clients.
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
  if (!loop_.ticking()) {
    lastTickMs_ = loop_.nowMs();
    std::vector<std::int32_t> none;
    deadlines_.collect(now(), none);
    loop_.startTicker(this, kTickMs);
  }
  return deadlines_.add(id, due);
}

void Server::onTick() {
  const std::uint64_t nowMs = loop_.nowMs();
  const std::uint64_t since = nowMs - std::exchange(lastTickMs_, nowMs);
  if (since > kStallMs) stalledMs_ += since;
  std::vector<std::int32_t> ids;
  deadlines_.collect(now(), ids);
  for (const std::int32_t id : ids) {
    if (id == kNamesDeadline) refreshNames();
    if (Connection* const connection = find(id)) connection->onDeadline(now());
  }
  if (deadlines_.empty()) loop_.stopTicker();
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
