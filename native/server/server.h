// SPDX-License-Identifier: MIT
// The server: listens, keeps the table of connections, carries out what JavaScript has asked for
// in a batch of commands, and collects what happens in a batch of events. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "net/listener.h"
#include "net/loop.h"
#include "server/access.h"
#include "server/clock.h"
#include "server/command.h"
#include "server/compression.h"
#include "server/connection.h"
#include "server/deadlines.h"
#include "server/event_batch.h"
#include "server/holders.h"
#include "server/options.h"
#include "server/pending.h"
#include "tls/certificates/certificate.h"
#include "tls/contexts/context.h"

namespace wss::server {

/// A ConnectionId is a slot of the table and a generation, so that one which has been given out
/// again is not mistaken for its predecessor. Always positive.
inline constexpr unsigned kSlotBits = 17;
inline constexpr std::int32_t kSlotMask = (1 << kSlotBits) - 1;
inline constexpr unsigned kGenerationBits = 13;

/// What has been counted since the server was made. Messages and their payload bytes; no control
/// frames.
struct Statistics {
  std::uint64_t messagesIn = 0;
  std::uint64_t messagesOut = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
  std::uint64_t connectionsAccepted = 0;
  std::uint64_t connectionsRefused = 0;  ///< beyond MaxConnections, or for want of descriptors
  std::uint64_t connectionsEvicted = 0;  ///< not open yet, and closed for a newer one
};

/// Descriptors that a process needs beside those of its connections.
inline constexpr std::size_t kOtherDescriptors = 64;

class Server final : private net::ListenerOwner, private net::TickHandler {
 public:
  /// `status` has a word for each slot, which the owner may read at any time: the ConnectionId
  /// while sends are taken without question, its negative while they must come through send(),
  /// 0 when there is no open WebSocket. `loop` and `events` must outlive the server.
  Server(net::Loop& loop, EventBatch& events, std::span<std::int32_t> status);
  /// Cuts every connection.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Options options;

  // The server as a whole.
  /// Fails with 104 when listening already, with 10022 when clients are to show certificates but
  /// there is no TLS, with 272 after missCertificate(), with 282 when SSLEnabled is True and there
  /// is no certificate, and with what the system says.
  Result<void> startListening();
  void stopListening() { listener_.close(); }
  [[nodiscard]] bool isListening() const { return listener_.isListening(); }
  /// Starts the closing handshake of every open connection, and cuts those that are not yet open.
  void disconnectAll();
  /// Connections between their Connected and their Disconnected.
  [[nodiscard]] int connectedCount() const { return connectedCount_; }
  /// Whether nothing more can happen: not listening, no connection in any state.
  [[nodiscard]] bool isIdle() const { return !isListening() && count_ == 0; }
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

  // TLS.
  /// New connections are served under TLS with these certificates, one for each kind of key; none:
  /// without TLS. Connections that have begun to shake hands keep theirs. Fails, and leaves
  /// everything as it was, when they or the settings of TLS cannot be used, or a server that
  /// listens would serve in plain text what it must not (startListening()).
  Result<void> setCertificates(std::vector<tls::Certificate> certificates);
  /// There is none, though one was wanted: nobody is served, least of all in plain text, until that
  /// has changed.
  void missCertificate();
  /// Has changed settings of TLS take effect, as setCertificates() does.
  Result<void> renewTls();
  /// The keys that seal session tickets (tls::TicketKeys); at first one that nobody else has. They
  /// outlive a change of certificates, so that tickets that have been given out stay good.
  Result<Bytes> ticketKeys();
  /// Replaces them, with effect at once. Fails with 10022 when that is not a whole number of keys.
  Result<void> setTicketKeys(Bytes keys);

  // One connection.
  /// Connection::send(); fails with 126 when there is no such open connection.
  Result<bool> send(std::int32_t id, ws::Opcode opcode, Bytes payload, std::int32_t token,
                    bool mayCompress = true);
  /// Connection::sendPart(); fails with 126 when there is no such open connection.
  Result<bool> sendPart(std::int32_t id, ws::Opcode opcode, Bytes payload, bool last,
                        std::int32_t token);
  /// Connection::drained(); fails with 126 when there is no such open connection.
  Result<bool> drained(std::int32_t id, std::int32_t token);
  /// Connection::forget(), if there is such a connection.
  void forget(std::int32_t id, std::int32_t token);
  /// Null when the id is stale or was never given out.
  [[nodiscard]] Connection* find(std::int32_t id);
  /// The same for who asks from outside: null as well when it has been open and its Disconnected
  /// has been delivered. Who has been asked for is told of when it ends without having been open.
  [[nodiscard]] Connection* ask(std::int32_t id);
  /// The ids of the connections that connectedCount() counts, oldest slot first.
  [[nodiscard]] std::vector<std::int32_t> connectedIds() const;

  // The batches.
  /// Carries out `commands`, whose payloads are in `arena`, and flushes every connection that has
  /// something to send: one system call each. Writes frame headers into the arena. A command that
  /// makes no sense is left out, and an Error tells.
  void perform(std::span<const Command> commands, MutableBytes arena);
  /// Ends the connections whose last frame has been read; call it when all events before that have
  /// been handled, and what was to be sent has been performed.
  void endTurn();
  /// Until the matching unhold() endTurn() leaves out this connection, a handler of which waits: it
  /// may have more to answer. Calls nest. 0: none.
  void hold(std::int32_t id) { held_.push_back(id); }
  void unhold() { held_.pop_back(); }
  /// Whether endTurn() has any to end.
  [[nodiscard]] bool hasEndings() const { return !endings_.empty(); }
  /// The connections whose Disconnected is in the batch; give them to release() when it has been
  /// delivered.
  [[nodiscard]] std::vector<std::int32_t> takeEnded();
  void release(const std::vector<std::int32_t>& ended);

  // For Connection.
  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] EventBatch& events() { return events_; }
  [[nodiscard]] Statistics& statistics() { return statistics_; }
  [[nodiscard]] SharedStreams& streams() { return streams_; }
  /// Counts a message, or a part of one, that is sent; no control frames.
  void countSent(ws::Opcode opcode, bool last, std::size_t size);
  /// Whether accepted sockets have TCP_NODELAY set already.
  [[nodiscard]] bool listenerHasNoDelay() const { return listener_.hasNoDelay(); }
  [[nodiscard]] bool isSecure() const;
  [[nodiscard]] const std::shared_ptr<tls::Context>& tlsContext() const { return tls_; }
  /// Where a Session puts plaintext, as Loop::receiveBuffer().
  MutableBytes plainBuffer();
  /// Steps of TLS handshakes that are taken in a turn: each keeps the others waiting for 0.2 ms.
  static constexpr int kHandshakesPerTurn = 2;
  /// Whether one more handshake may go on in this turn: they are slow. Those that may not queue
  /// with toShakeHands(), and who comes later does not get in front of them.
  [[nodiscard]] bool mayShakeHands() const {
    return (servesQueue_ || handshakeQueue_.empty()) && handshakesLeft() > 0;
  }
  void toShakeHands(std::int32_t id) { handshakeQueue_.push_back(id); }
  void countHandshake() {
    handshakes_ = kHandshakesPerTurn - handshakesLeft() + 1;
    handshakeTurn_ = loop_.turn();
  }
  /// Has catchUp() of `id` called in the next turn.
  void toCatchUp(std::int32_t id) {
    behind_.push_back({id, loop_.turn()});
    loop_.wake();
  }
  /// Whether one more compressed message may be inflated in this turn. Those that fell behind in
  /// turns before go first.
  [[nodiscard]] bool mayInflate() const {
    constexpr std::size_t kInflatedPerTurn = std::size_t{2} * 1024 * 1024;
    return (catchesUp_ || behind_.empty()) &&
           (inflateTurn_ != loop_.turn() || inflated_ < kInflatedPerTurn);
  }
  /// `size`: bytes read and written by that.
  void countInflated(std::size_t size) {
    inflated_ = size + (inflateTurn_ == loop_.turn() ? inflated_ : 0);
    inflateTurn_ = loop_.turn();
  }
  /// Whether AllowedClients and BlockedClients let a client connect.
  bool admits(const net::Address& client);
  /// How names of clients are looked up from now on.
  void setResolver(net::Resolver resolver) { hostNames_.resolver = resolver; }
  /// Reads AllowedClients and BlockedClients, and looks up the names that are new in them. To be
  /// called when they have changed; who has forgotten is helped by admits().
  void readClientLists();
  /// The time by which deadlines are counted.
  [[nodiscard]] Tick now() const { return clock_.at(loop_.nowMs()); }
  /// Has onDeadline() of `id` called at about `due`. Returns when.
  Tick addDeadline(std::int32_t id, Tick due);
  void toFlush(Connection& connection) { touched_.push_back(&connection); }
  /// A text that no other connection has or will have, of this server or any other.
  [[nodiscard]] std::string uidOf(std::int32_t id);
  void showStatus(std::int32_t id, std::int32_t word) { status_[slotOf(id)] = word; }
  void onConnectedChanged(bool connected) { connectedCount_ += connected ? 1 : -1; }
  void onEnded(std::int32_t id) { ended_.push_back(id); }
  /// More has come of a message that is not whole yet, or it has gone: how much memory it has now.
  void onUnfinished(std::int32_t id, std::size_t bytes);
  /// Keeps to MaxUnfinishedBytes. False: it is for `id` to give up its own message.
  bool keepsUnfinished(std::int32_t id);
  /// The queues that their peers do not empty.
  [[nodiscard]] Holders& queues() { return queues_; }
  /// Keeps to MaxQueuedBytesTotal, when a queue has grown; cuts connections.
  void boundQueues();
  /// Has the clock run, for what waits for a progress.
  void startTicking();
  void toLeave(Ending ending) { endings_.push_back(std::move(ending)); }
  // Connections that are not open yet.
  void onPending(std::int32_t id, Pending::For waitsFor) { pending_.move(id, waitsFor, time()); }
  /// Another may be accepted, perhaps.
  void onNotPending(std::int32_t id);
  /// Whether one more may be open; counts it as such. If not, that has been reported.
  bool takeOpen();
  /// A connection has ended without ever being open. `known`: somebody has asked for it.
  void onNeverOpened(std::int32_t id, bool known);
  /// The connection's socket is closed and nobody holds it: destroys it.
  void remove(std::int32_t id);

  // Logging, for Connection too. A caller that composes a text asks first.
  [[nodiscard]] bool logs(int level) const {
    return level <= options.logLevel && events_.wants(EventKind::kLog);
  }
  /// One line: what would be more, or hide some, is shown as an escape.
  void log(int level, std::int32_t id, std::string_view message) { addLog(level, id, 0, message); }
  void logError(std::int32_t id, std::string_view message) { addLog(1, id, kIsError, message); }
  /// Logs a request; secrets are masked if MaskSensitive says so.
  void logRequest(std::int32_t id, const http::UpgradeRequest& request, const net::Address& client);
  void reportError(std::int32_t id, const Error& error);

 private:
  /// A connection that catches up in a turn after `turn`.
  struct Behind {
    std::int32_t id;
    std::uint64_t turn;
  };
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::uint32_t connections = 0;  ///< that have been in it before
  };

  static std::size_t slotOf(std::int32_t id) { return static_cast<std::size_t>(id & kSlotMask); }

  void onAccept(int fd, const net::Address& remote) override;
  void onAcceptError(const Error& error, int turnedAway) override;
  bool mayAccept() override;
  bool makeRoom() override;
  void onTick() override;
  /// Why no more connections are taken from `client`; empty if one more is, and is counted.
  std::string_view whyTooMany(const net::Address& client);
  void countAddresses(bool counting);
  void checkDescriptorLimit();
  /// Tells which of SSLEnabledCipherSuites are passed over.
  void logMissingSuites();
  [[nodiscard]] std::size_t maxPending() const;
  [[nodiscard]] Pending::Time time() const { return {loop_.turn(), now()}; }
  void pauseAccepting();
  /// Who is to make room for a newcomer; 0: nobody can.
  std::int32_t chooseVictim();
  void evict(std::int32_t id);
  /// Ends those who have not gone on for too long.
  void endStalled();
  Result<void> listen();
  /// Whether that may be what new connections are served with.
  [[nodiscard]] Result<void> checkTls(bool hasCertificate, bool misses) const;
  std::int32_t newId();
  void addLog(int level, std::int32_t id, std::int32_t flags, std::string_view message);
  [[nodiscard]] int handshakesLeft() const {
    return handshakeTurn_ == loop_.turn() ? kHandshakesPerTurn - handshakes_ : kHandshakesPerTurn;
  }
  void serveHandshakes();
  void serveBacklogs();
  /// Sees to it that the names of clients are looked up again and again while it listens.
  void refreshNames();
  void refreshNamesAt(Tick due);
  void reportNames(const HostNames::Failures& failures);
  void flushTouched(Bytes arena);
  Result<Connection*> findOpen(std::int32_t id);
  void performAnswer(const DecodedCommand& command, Bytes arena);
  void reportUnsound(const DecodedCommand& command);

  net::Loop& loop_;
  EventBatch& events_;
  std::span<std::int32_t> status_;
  net::Listener listener_;
  std::vector<Slot> slots_;
  std::deque<std::uint32_t> freeSlots_;  ///< first in, first out, so that ids are reused late
  int count_ = 0;                        ///< connections in any state
  int opened_ = 0;                       ///< of them those that are open, or have been
  int connectedCount_ = 0;
  Pending pending_;
  std::size_t descriptors_ = SIZE_MAX;  ///< that the process may have
  Holders unfinished_;                  ///< those with a message that is not whole yet
  Holders queues_;                      ///< those that their peers keep waiting
  std::vector<Connection*> touched_;
  std::vector<std::int32_t> ended_;
  std::vector<Ending> endings_;
  std::vector<std::int32_t> held_;
  Deadlines deadlines_;
  Clock clock_;
  std::uint64_t nextAcceptReportMs_ = 0;
  std::uint64_t nextEvictionLogMs_ = 0;
  Statistics statistics_;
  SharedStreams streams_;
  std::shared_ptr<tls::TicketKeys> ticketKeys_;
  std::shared_ptr<tls::Context> tls_;
  bool missesCertificate_ = false;
  std::unique_ptr<std::uint8_t[]> plainBuffer_;
  std::deque<std::int32_t> handshakeQueue_;
  bool servesQueue_ = false;
  int handshakes_ = 0;  ///< steps of them in the turn handshakeTurn_
  std::uint64_t handshakeTurn_ = 0;
  std::deque<Behind> behind_;
  bool catchesUp_ = false;
  std::uint64_t catchUpTurn_ = 0;
  std::size_t inflated_ = 0;  ///< in the turn inflateTurn_
  std::uint64_t inflateTurn_ = 0;
  ClientList allowedClients_;
  ClientList blockedClients_;
  HostNames hostNames_;          ///< in both lists
  Tick namesDue_ = 0;            ///< when they are looked up again
  AddressCounts addressCounts_;  ///< of all connections while there is a limit
  std::string uid_;  ///< what its connections' uids begin with; empty until it is asked for
};

}  // namespace wss::server
