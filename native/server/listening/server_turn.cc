// SPDX-License-Identifier: MIT
// What a server does of its own accord: the handshakes that wait, the last frames that are acted on
// at the end of a turn, the deadlines that have come, and the names of clients.
#include <algorithm>
#include <utility>

#include "server/listening/server.h"

namespace wss::server {

void Server::endTurn() {
  HandshakeQueue& handshakes = shared_.handshakes;
  BacklogQueue& backlogs = shared_.backlogs;
  if (handshakes.empty() && shared_.lastFrames.empty() && backlogs.empty()) return;
  // A connection in the queue may have gone meanwhile.
  handshakes.serveWith([this](std::int32_t id) {
    if (Connection* const connection = find(id)) connection->takeTurn();
  });
  for (LastFrame& last : std::exchange(shared_.lastFrames, {})) {
    Connection* const connection = find(last.id);
    if (std::ranges::find(deferred_, last.id) != deferred_.end()) {
      shared_.lastFrames.push_back(std::move(last));
    } else if (connection != nullptr) {
      connection->leave(last);
    }
  }
  const std::size_t before = shared_.lastFrames.size();
  backlogs.serveWith([this](std::int32_t id) {
    if (Connection* const connection = find(id)) connection->catchUp();
  });
  if (shared_.lastFrames.size() > before) shared_.loop.wake();
  flushTouched({});
}

void Server::onTick() {
  for (const std::int32_t id : shared_.timers.tick()) {
    if (id == kNamesDeadline) refreshNames();
    if (Connection* const connection = find(id)) connection->onDeadline(shared_.now());
  }
  endStalled();
  const bool waits = !shared_.timers.empty() || !shared_.unfinished.empty() ||
                     !shared_.queues.empty() || listener_.isPaused();
  if (!waits) shared_.timers.stop();
}

void Server::readClientLists() {
  const bool allowed = allowedClients_.assign(options_.allowedClients);
  const bool blocked = blockedClients_.assign(options_.blockedClients);
  if (!allowed && !blocked) return;
  std::vector<std::string> names = allowedClients_.names();
  names.insert(names.end(), blockedClients_.names().begin(), blockedClients_.names().end());
  reportNames(hostNames_.know(names));
  if (!hostNames_.empty()) refreshNamesAt(shared_.now() + kNamesTicks);
}

void Server::reportNames(const HostNames::Failures& failures) {
  if (!failures.empty()) shared_.loop.wake();  // A setting may change outside of a turn.
  const auto report = [&](const ClientList& list, const HostNames::Failure& failure,
                          std::string_view consequence) {
    if (std::ranges::find(list.names(), failure.name) == list.names().end()) return;
    shared_.log.report(0, {failure.error.code, failure.error.message + std::string(consequence)});
  };
  for (const HostNames::Failure& failure : failures) {
    report(allowedClients_, failure, " in AllowedClients: see that it resolves, or give addresses");
    report(blockedClients_, failure, " in BlockedClients: see that it resolves, or give addresses");
  }
}

void Server::refreshNamesAt(Tick due) {
  namesDue_ = due;
  shared_.timers.add(kNamesDeadline, due);
}

void Server::refreshNames() {
  // There is one for each time that listening has started.
  if (!takesClients() || hostNames_.empty() || shared_.now() < namesDue_) return;
  if (hostNames_.refreshing()) {
    reportNames(hostNames_.takeRefreshed());
  } else {
    hostNames_.refresh();
  }
  refreshNamesAt(shared_.now() + (hostNames_.refreshing() ? 1 : kNamesTicks));
}

}  // namespace wss::server
