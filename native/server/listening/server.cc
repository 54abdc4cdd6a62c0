// SPDX-License-Identifier: MIT
#include "server/listening/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>
#include <utility>

#include "server/settings/setting_text.h"
#include "server/settings/settings.h"
#include "tls/contexts/ticket_keys.h"

namespace wss::server {
namespace {

// Slots are first handed out afresh up to here, so that even a server with few clients reuses an
// id only after tens of millions of connections.
constexpr std::size_t kSlotsBeforeReuse = 4096;
constexpr std::uint32_t kGenerations = 1U << kGenerationBits;

constexpr std::string_view kTooManyOpen = "a client was refused: raise MaxConnections to take more";

std::string hexOf(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
  return {digits, end};
}

}  // namespace

Server::Server(net::Loop& loop, EventBatch& events, std::span<std::int32_t> status)
    : shared_(loop, events, options_, *this, *this, status),
      slots_(1),
      topics_(this),
      ticketKeys_(std::make_shared<tls::TicketKeys>()) {}

Server::~Server() {
  stopListening();
  shared_.timers.stop();
  for (Slot& slot : slots_) {
    if (slot.connection) slot.connection->abort();
  }
  // The sockets' last callbacks come in the loop's next turn.
  while (count_ > 0) shared_.loop.run(0);
  for (const int fd : shared_.handedOver) ::close(fd);
}

Result<void> Server::set(const Setting& setting, std::string_view value) {
  const std::string before = readSetting(options_, setting);
  Result<void> written = writeSetting(options_, setting, value, isListening());
  if (!written.ok()) return written;
  if (isListening()) readClientLists();
  if (!setting.tls) return {};
  written = renewTls();
  if (!written.ok()) (void)writeSetting(options_, setting, before, false);
  return written;
}

Result<void> Server::startListening() {
  if (isListening()) return makeError(ErrorCode::kAlreadyListening, "call StopListening first");
  if (Result<void> fits = checkTls(shared_.tls.context != nullptr, shared_.tls.missesCertificate);
      !fits.ok())
    return fits;
  // Before anybody can come.
  allowedClients_ = {};
  blockedClients_ = {};
  (void)hostNames_.know({});
  readClientLists();
  auto listening = listen();
  if (!listening.ok()) return listening;
  const bool isUnix = listener_.addresses().front().isUnix;
  if (!isUnix) options_.localPort = listener_.addresses().front().port;
  for (const net::Address& address : listener_.addresses()) {
    if (shared_.log.shows(LogLevel::kInfo))
      shared_.log.add(LogLevel::kInfo, 0,
                      "Listening on " + (isUnix ? options_.localHost : address.text()));
  }
  logMissingSuites();
  checkDescriptorLimit();
  return {};
}

net::ListenOptions Server::listenOptions() const {
  return {.backlog = options_.connectionBacklog,
          .dualStack = static_cast<net::Family>(options_.useIPv6) == net::Family::kBoth,
          .exclusive = options_.bindExclusively,
          .noDelay = options_.tcpNoDelay,
          .mode = fileMode(options_.localSocketMode)};
}

Result<void> Server::listen() {
  const net::ListenOptions how = listenOptions();
  if (const auto path = net::socketPath(options_.localHost)) {
    return listener_.listen(shared_.loop, *path, how, this);
  }
  auto fds = openSockets();
  if (!fds.ok()) return fds.error();
  return listener_.accept(shared_.loop, fds.value(), how, this);
}

Result<std::vector<int>> Server::openListening() {
  if (net::socketPath(options_.localHost)) {
    return makeError(ErrorCode::kInvalidArgument,
                     "a socket in the file system cannot be shared: give an address, or a "
                     "descriptor as in fd:3");
  }
  auto fds = openSockets();
  if (!fds.ok()) return fds;
  const net::Address bound = net::boundAddress(fds.value().front());
  if (!bound.isUnix) options_.localPort = bound.port;
  return fds;
}

Result<std::vector<int>> Server::openSockets() {
  if (const auto names = net::descriptorNames(options_.localHost)) {
    return net::adoptListening(*names);
  }
  net::ListenOptions how = listenOptions();
  const auto openAs = [&](net::Family wanted) -> Result<std::vector<int>> {
    auto addresses =
        net::addressesOf(options_.localHost, static_cast<std::uint16_t>(options_.localPort), wanted,
                         hostNames_.resolver);
    if (!addresses.ok()) return addresses.error();
    if (addresses.value().size() > 1) how.dualStack = false;
    return net::openListening(addresses.value(), how);
  };
  const auto family = static_cast<net::Family>(options_.useIPv6);
  auto opened = openAs(family);
  // Every interface is [::], but where the kernel has no IPv6.
  const bool every = family == net::Family::kBoth && options_.localHost.empty();
  if (every && !opened.ok() && opened.error().code == ErrorCode::kAddressFamilyNotSupported) {
    return openAs(net::Family::kIPv4);
  }
  return opened;
}

void Server::disconnectAll() {
  const auto code = static_cast<std::uint16_t>(options_.disconnectStatusCode);
  for (Slot& slot : slots_) {
    if (!slot.connection) continue;
    if (slot.connection->isOpen()) {
      slot.connection->disconnect(code, options_.disconnectStatusDescription);
    } else if (!slot.connection->isLeaving()) {
      slot.connection->abort();
    }
  }
}

Connection* Server::find(std::int32_t id) {
  const std::size_t slot = slotOf(id);
  if (id <= 0 || slot >= slots_.size()) return nullptr;
  Connection* const connection = slots_[slot].connection.get();
  return connection != nullptr && connection->id() == id ? connection : nullptr;
}

Connection* Server::ask(std::int32_t id) {
  Connection* const connection = find(id);
  if (connection == nullptr || !connection->mayBeAskedFor()) return nullptr;
  connection->noteAsked();
  return connection;
}

std::vector<std::int32_t> Server::connectedIds() const {
  std::vector<std::int32_t> ids;
  ids.reserve(static_cast<std::size_t>(shared_.connectedCount));
  for (const Slot& slot : slots_) {
    if (slot.connection && slot.connection->isConnected()) ids.push_back(slot.connection->id());
  }
  return ids;
}

std::int32_t Server::newId() {
  std::uint32_t slot = 0;
  if (!freeSlots_.empty() && slots_.size() > kSlotsBeforeReuse) {
    slot = freeSlots_.front();
    freeSlots_.pop_front();
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  const std::uint32_t generation = slots_[slot].connections % kGenerations;
  return static_cast<std::int32_t>(generation << kSlotBits | slot);
}

std::string Server::uidOf(std::int32_t id) {
  // A slot that would outlive 2^32 connections is further away than the machine's last day.
  const std::uint64_t slot = slotOf(id);
  const std::uint64_t number = std::uint64_t{slots_[slot].connections} << kSlotBits | slot;
  return nodeId() + "-" + hexOf(number);
}

const std::string& Server::nodeId() {
  if (nodeId_.empty()) {
    std::random_device random;
    nodeId_ = hexOf(std::uint64_t{random()} << 32 | random());
  }
  return nodeId_;
}

std::int32_t Server::idOf(std::string_view uid) {
  const std::string_view digits = uid.substr(std::min(uid.find('-') + 1, uid.size()));
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  const auto slot = static_cast<std::size_t>(number & kSlotMask);
  if (slot >= slots_.size()) return 0;
  const Connection* const connection = slots_[slot].connection.get();
  // The text as a whole is what is its own.
  const bool isIt = connection != nullptr && connection->isOpen() && connection->uid() == uid;
  return isIt ? connection->id() : 0;
}

void Server::checkDescriptorLimit() {
  rlimit limit{};
  const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  descriptors_ = known ? static_cast<std::size_t>(limit.rlim_cur) : SIZE_MAX;
  const auto wanted = static_cast<std::size_t>(options_.maxConnections) + kOtherDescriptors;
  if (descriptors_ >= wanted) return;
  shared_.log.addError(0,
                       "This process may have " + std::to_string(limit.rlim_cur) +
                           " files open, too few for MaxConnections: raise the limit (ulimit -n " +
                           std::to_string(wanted) + ")");
}

bool Server::takeOpen() {
  if (opened_ >= options_.maxConnections) {
    onAcceptError(makeError(ErrorCode::kTooManyOpenFiles, kTooManyOpen), 1);
    return false;
  }
  ++opened_;
  return true;
}

bool Server::admits(const net::Address& client) const {
  return allowedClients_.matches(client, hostNames_) &&
         !blockedClients_.matches(client, hostNames_);
}

std::string_view Server::whyTooMany(const net::Address& client) {
  if (opened_ >= options_.maxConnections) return kTooManyOpen;
  const int perAddress = options_.maxConnectionsPerAddress;
  if (addressCounts_.counting() != (perAddress > 0)) countAddresses(perAddress > 0);
  if (perAddress == 0 || addressCounts_.add(client, perAddress)) return {};
  const std::int32_t victim = pending_.victimOf(client, time());
  if (victim == 0) {
    return "a client was refused: raise MaxConnectionsPerAddress to take more from one address";
  }
  // It is counted until the end of the turn.
  evict(victim);
  addressCounts_.add(client, std::numeric_limits<int>::max());
  return {};
}

void Server::countAddresses(bool counting) {
  addressCounts_.setCounting(counting);
  if (!counting) return;
  for (const Slot& slot : slots_) {
    if (!slot.connection) continue;
    addressCounts_.add(slot.connection->remote(), std::numeric_limits<int>::max());
  }
}

void Server::onAccept(int fd, const net::Address& remote) {
  if (const std::string_view reason = whyTooMany(remote); !reason.empty()) {
    net::Listener::refuse(fd);
    return onAcceptError(makeError(ErrorCode::kTooManyOpenFiles, reason), 1);
  }
  Connection& connection = admit(remote);
  const Result<void> opened = connection.open(fd, admits(remote), listener_.hasNoDelay());
  if (opened.ok()) return;
  shared_.log.report(connection.id(), opened.error());
  remove(connection.id());
}

Connection& Server::admit(const net::Address& remote) {
  if (pending_.count() >= maxPending()) {
    if (const std::int32_t victim = chooseVictim(); victim != 0) evict(victim);
  }
  const std::int32_t id = newId();
  pending_.add(id, remote, time());
  ++count_;
  ++shared_.statistics.connectionsAccepted;
  auto& place = slots_[slotOf(id)].connection;
  place = std::make_unique<Connection>(shared_, id, remote);
  if (shared_.log.shows(LogLevel::kDebug))
    shared_.log.add(LogLevel::kDebug, id, "Connection from " + remote.text());
  return *place;
}

Result<std::int32_t> Server::adopt(int fd, std::optional<net::Address> remote, MutableBytes head,
                                   const http::Answer* answer) {
  Result<int> own = net::duplicate(fd);
  if (!own.ok()) return own.error();
  if (!remote) remote = net::peerOf(own.value());
  // Whoever listens has read them.
  if (!isListening()) readClientLists();
  if (const std::string_view reason = whyTooMany(*remote); !reason.empty()) {
    ::close(own.value());
    return makeError(ErrorCode::kTooManyOpenFiles, reason);
  }
  Connection& connection = admit(*remote);
  connection.noteAsked();
  const std::int32_t id = connection.id();
  const Result<void> adopted = connection.adopt(own.value(), admits(*remote), head, answer);
  if (adopted.ok()) return id;
  remove(id);
  return adopted.error();
}

void Server::onAcceptError(const Error& error, int turnedAway) {
  shared_.statistics.connectionsRefused += static_cast<std::uint64_t>(turnedAway);
  // A flood of clients must not become a flood of events.
  if (shared_.loop.nowMs() < nextAcceptReportMs_) return;
  nextAcceptReportMs_ = shared_.loop.nowMs() + 1000;
  shared_.log.report(0, error);
}

void Server::remove(std::int32_t id) {
  Slot& slot = slots_[slotOf(id)];
  addressCounts_.remove(slot.connection->remote());
  pending_.remove(id);
  shared_.unfinished.remove(id);
  shared_.queues.remove(id);
  if (slot.connection->isCounted()) --opened_;
  if (slot.connection->isTouched()) std::erase(shared_.touched, slot.connection.get());
  slot.connection.reset();
  ++slot.connections;
  freeSlots_.push_back(static_cast<std::uint32_t>(slotOf(id)));
  --count_;
}

std::vector<std::int32_t> Server::takeEnded() {
  topics_.sweep();
  for (const std::int32_t id : shared_.ended) topics_.end(id);
  return std::exchange(shared_.ended, {});
}

void Server::release(const std::vector<std::int32_t>& ended) {
  for (const std::int32_t id : ended) {
    if (Connection* const connection = find(id)) connection->letGo();
  }
}

Result<Connection*> Server::findOpen(std::int32_t id) {
  Connection* const connection = find(id);
  if (connection != nullptr && connection->isOpen()) return connection;
  return notConnected(std::to_string(id));
}

Result<bool> Server::send(std::int32_t id, ws::Opcode opcode, Bytes payload, std::int32_t token,
                          bool mayCompress) {
  auto connection = findOpen(id);
  if (!connection.ok()) return connection.error();
  return connection.value()->send(opcode, payload, token, mayCompress);
}

Result<bool> Server::sendPart(std::int32_t id, ws::Opcode opcode, Bytes payload, bool last,
                              std::int32_t token) {
  auto connection = findOpen(id);
  if (!connection.ok()) return connection.error();
  return connection.value()->sendPart(opcode, payload, last, token);
}

void Server::forget(std::int32_t id, std::int32_t token) {
  if (Connection* const connection = find(id)) connection->forget(token);
}

Result<bool> Server::whenDrained(std::int32_t id, std::int32_t token) {
  auto connection = findOpen(id);
  if (!connection.ok()) return connection.error();
  return connection.value()->whenDrained(token);
}

}  // namespace wss::server
