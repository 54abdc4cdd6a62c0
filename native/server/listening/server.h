// SPDX-License-Identifier: MIT
// The server: listens, keeps the table of connections, carries out what JavaScript has asked for
// in a batch of commands, and collects what happens in a batch of events. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "net/listener.h"
#include "net/loop.h"
#include "server/access/access_lists.h"
#include "server/access/host_names.h"
#include "server/connection/connection.h"
#include "server/events/command.h"
#include "server/listening/address_counts.h"
#include "server/listening/pending.h"
#include "server/listening/publications.h"
#include "server/settings/options.h"
#include "server/settings/setting.h"
#include "server/shared/shared.h"
#include "server/topics/topics.h"
#include "tls/certificates/certificate.h"
#include "tls/contexts/context.h"

namespace wss::server {

/// Descriptors that a process needs beside those of its connections.
inline constexpr std::size_t kOtherDescriptors = 64;

class Server final : private net::ListenerOwner,
                     private net::TickHandler,
                     private ConnectionOwner,
                     private PatternWatcher {
 public:
  /// `status` has a word for each slot (StatusWords). All three must outlive the server.
  Server(net::Loop& loop, EventBatch& events, std::span<std::int32_t> status);
  /// Cuts every connection.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Settings.
  [[nodiscard]] const Options& options() const { return options_; }
  /// Parses and sets the value of one, with its effect. Fails as writeSetting() does, and as
  /// renewTls() for a setting of TLS; the value is then unchanged.
  Result<void> set(const Setting& setting, std::string_view value);

  // The server as a whole.
  /// Fails with 104 when listening already, with 10022 when clients are to show certificates but
  /// there is no TLS, with 272 after missCertificate(), with 282 when SSLEnabled is True and there
  /// is no certificate, and with what the system says.
  Result<void> startListening();
  /// Sockets that listen where startListening() would, one for each address, for other processes to
  /// accept on; those that LocalHost names by their descriptors are duplicated. The caller owns
  /// them. LocalPort becomes the one that the system has picked. Fails with 10022 for a socket in
  /// the file system, and as startListening() does.
  Result<std::vector<int>> openListening();
  void stopListening() { listener_.close(); }
  [[nodiscard]] bool isListening() const { return listener_.isListening(); }
  /// Starts the closing handshake of every open connection, and cuts those that are not yet open.
  void disconnectAll();
  /// Connections between their Connected and their Disconnected.
  [[nodiscard]] int connectedCount() const { return shared_.connectedCount; }
  /// Clients that have been accepted and are not open yet.
  [[nodiscard]] std::size_t openingCount() const { return pending_.count(); }
  /// Whether nothing more can happen: not listening, no connection in any state.
  [[nodiscard]] bool isIdle() const { return !isListening() && count_ == 0; }
  [[nodiscard]] const Statistics& statistics() const { return shared_.statistics; }

  // Connections of others.
  /// Takes over a connection that somebody else has accepted, as Connection::adopt() does; limits
  /// and lists hold for it as for one that has been accepted here. The caller keeps its descriptor,
  /// which is duplicated. The id; 0: it has been refused, which the Log and the answer say. Fails
  /// with 10022 when there is no head, with 10024 when there is no descriptor left, with 10038 and
  /// 10057 for what is no connected socket.
  Result<std::int32_t> adopt(int fd, Bytes head, const http::Answer* answer);
  /// The same for a connection that has no descriptor, of a client `remote` who has reached
  /// `local`: what is written to the other end of a pair is from the client, what can be read there
  /// is for it.
  struct Bridged {
    std::int32_t id;
    int fd;  ///< the other end, which is the caller's
  };
  Result<Bridged> bridge(const net::Address& remote, const net::Address& local, Bytes head,
                         const http::Answer* answer);

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

  /// From now on a Close that answers the peer's has its reason, and one that tells of a mistake
  /// has none.
  void closeAsWs() { shared_.closesAsWs = true; }

  // Requests of others.
  /// Whether connections whose request is no WebSocket upgrade are handed over (kHandedOver), not
  /// refused.
  void setHandsOver(bool on) { shared_.handsOver = on; }
  /// The caller owns this descriptor of a kHandedOver from now on. Until then the server closes it
  /// with itself. False: there is none, or no more.
  bool take(int fd) { return std::erase(shared_.handedOver, fd) > 0; }

  // One connection.
  /// Connection::send(); fails with 126 when there is no such open connection.
  Result<bool> send(std::int32_t id, ws::Opcode opcode, Bytes payload, std::int32_t token,
                    bool mayCompress = true);
  /// Connection::sendPart(); fails with 126 when there is no such open connection.
  Result<bool> sendPart(std::int32_t id, ws::Opcode opcode, Bytes payload, bool last,
                        std::int32_t token);
  /// Connection::whenDrained(); fails with 126 when there is no such open connection.
  Result<bool> whenDrained(std::int32_t id, std::int32_t token);
  /// Connection::forget(), if there is such a connection.
  void forget(std::int32_t id, std::int32_t token);
  /// Null when the id is stale or was never given out.
  [[nodiscard]] Connection* find(std::int32_t id);
  /// The same for callers outside of the core: null as well when it has been open and its
  /// Disconnected has been delivered. That it has been asked for is remembered: if it ends without
  /// having been open, kForgotten tells.
  [[nodiscard]] Connection* ask(std::int32_t id);
  /// The ids of the connections that connectedCount() counts, oldest slot first.
  [[nodiscard]] std::vector<std::int32_t> connectedIds() const;
  /// What the uids of its connections begin with: up to 16 digits, of which no other server has the
  /// same.
  const std::string& nodeId();
  /// The open connection of this uid; 0: there is none.
  [[nodiscard]] std::int32_t idOf(std::string_view uid);

  // Topics.
  /// Whether `id` was not subscribed to `pattern` before. Fails with 126 when there is no such open
  /// connection, with 10022 when that is none (checkPattern()), with 10055 beyond MaxSubscriptions.
  Result<bool> subscribe(std::int32_t id, std::string_view pattern);
  /// Whether it was. Fails with 126 and 10022 as subscribe() does.
  Result<bool> unsubscribe(std::int32_t id, std::string_view pattern);
  /// The patterns of a connection, and all that somebody is subscribed to; sorted.
  [[nodiscard]] std::vector<std::string> topicsOf(std::int32_t id) const {
    return topics_.patternsOf(id);
  }
  [[nodiscard]] std::vector<std::string> topics();
  /// How many connections are subscribed to what `topic` fits. Fails with 10022.
  Result<int> subscriberCount(std::string_view topic);
  /// The connections that are subscribed to what `topic` fits, in rising order, as a view that is
  /// good until the next call. Fails with 10022.
  Result<std::span<const std::int32_t>> subscribers(std::string_view topic);
  /// How many patterns somebody is subscribed to, and how many connections are subscribed.
  struct TopicCounts {
    std::size_t topics;
    std::size_t subscribers;
  };
  TopicCounts countTopics();
  /// Sends a message to all who are subscribed to `topic`, or, if that is empty, to all there are,
  /// but to `except`: of them to those who get envelopes, if it `isEnveloped`, or else to the
  /// others. To how many: those whose queues are too full for it do not get it. Fails with 10022.
  Result<int> publish(std::string_view topic, ws::Opcode opcode, Bytes payload, bool mayCompress,
                      std::int32_t except, bool isEnveloped = false);
  /// The same to `id` alone: whether its queue has taken it. False as well when it is not open.
  bool publishTo(std::int32_t id, ws::Opcode opcode, Bytes payload);
  /// Whoever agrees on this subprotocol from now on gets envelopes; empty: nobody.
  void setEnvelopeProtocol(std::string_view name) { shared_.envelopeProtocol = name; }
  /// Whether somebody who gets envelopes would get what is published to `topic`.
  bool wantsEnvelopes(std::string_view topic);

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
  void hold(std::int32_t id) { deferred_.push_back(id); }
  void unhold() { deferred_.pop_back(); }
  /// Whether endTurn() has any to end.
  [[nodiscard]] bool hasLastFrames() const { return !shared_.lastFrames.empty(); }
  /// The connections whose Disconnected is in the batch; give them to release() when it has been
  /// delivered.
  [[nodiscard]] std::vector<std::int32_t> takeEnded();
  void release(const std::vector<std::int32_t>& ended);

  // What it tells of itself.
  /// How names of clients are looked up from now on.
  void setResolver(net::Resolver resolver) { hostNames_.resolver = resolver; }
  /// The queues that their peers do not empty.
  [[nodiscard]] const Holders& queues() const { return shared_.queues; }
  void reportError(std::int32_t id, const Error& error) { shared_.log.report(id, error); }

 private:
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::uint32_t connections = 0;  ///< that have been in it before
  };

  void onAccept(int fd, const net::Address& remote) override;
  void onAcceptError(const Error& error, int turnedAway) override;
  /// Makes a connection that counts, after whyTooMany().
  Connection& addConnection(const net::Address& remote);
  /// Takes over the descriptor.
  Result<std::int32_t> take(const GivenConnection& given, const net::Address& remote);
  /// Whether clients may come, so that the lists of them are to be known.
  [[nodiscard]] bool takesClients() const { return isListening() || adopts_; }
  bool mayAccept() override;
  bool makeRoom() override;
  void onTick() override;
  void onPending(std::int32_t id, WaitsFor waitsFor) override {
    pending_.move(id, waitsFor, time());
  }
  void onNotPending(std::int32_t id) override;
  bool takeOpen() override;
  bool boundUnfinished(std::int32_t id) override;
  void boundQueues() override;
  std::string uidOf(std::int32_t id) override;
  void remove(std::int32_t id) override;
  /// Reads AllowedClients and BlockedClients, and looks up the names that are new in them.
  void readClientLists();
  /// Whether AllowedClients and BlockedClients let a client connect.
  [[nodiscard]] bool admits(const net::Address& client) const;
  /// Why no more connections are taken from `client`; empty if one more is, and is counted.
  std::string_view whyTooMany(const net::Address& client);
  void countAddresses(bool counting);
  void checkDescriptorLimit();
  /// Tells which of SSLEnabledCipherSuites are passed over.
  void logMissingSuites();
  [[nodiscard]] std::size_t maxPending() const;
  [[nodiscard]] Pending::Time time() const { return {shared_.loop.turn(), shared_.now()}; }
  void pauseAccepting();
  /// Who is to make room for a newcomer; 0: nobody can.
  std::int32_t chooseVictim();
  void evict(std::int32_t id);
  /// Ends those who have not gone on for too long.
  void endStalled();
  Result<void> listen();
  Result<std::vector<int>> openSockets();
  [[nodiscard]] net::ListenOptions listenOptions() const;
  /// Whether that may be what new connections are served with.
  [[nodiscard]] Result<void> checkTls(bool hasCertificate, bool misses) const;
  std::int32_t newId();
  /// Sees to it that the names of clients are looked up again and again while it listens.
  void refreshNames();
  void refreshNamesAt(Tick due);
  void reportNames(const HostNames::Failures& failures);
  void flushTouched(Bytes arena);
  Result<Connection*> findOpen(std::int32_t id);
  /// Puts what has been gathered into the queues of those it is for, and tells of how many.
  void endRun(Publications& publications);
  void put(Publications& publications);
  void putOn(Connection& connection, Publications& publications);
  /// Tells whoever brings publications from elsewhere.
  void onPattern(std::string_view pattern, bool wanted) override;
  /// A queue is too full for what is published.
  void onSlow(Connection& connection);
  void performAnswer(const DecodedCommand& command, Bytes arena);
  void reportUnsound(const DecodedCommand& command);

  Options options_;
  Shared shared_;
  net::Listener listener_;
  std::vector<Slot> slots_;
  std::deque<std::uint32_t> freeSlots_;  ///< first in, first out, so that ids are reused late
  int count_ = 0;                        ///< connections in any state
  int opened_ = 0;                       ///< of them those that are open, or have been
  Pending pending_;
  Topics topics_;
  bool adopts_ = false;                 ///< adopt() or bridge() has been called
  std::size_t descriptors_ = SIZE_MAX;  ///< that the process may have
  std::vector<std::int32_t> deferred_;
  std::uint64_t nextAcceptReportMs_ = 0;
  std::uint64_t nextEvictionLogMs_ = 0;
  std::shared_ptr<tls::TicketKeys> ticketKeys_;
  ClientList allowedClients_;
  ClientList blockedClients_;
  HostNames hostNames_;          ///< in both lists
  Tick namesDue_ = 0;            ///< when they are looked up again
  AddressCounts addressCounts_;  ///< of all connections while there is a limit
  std::string nodeId_;           ///< empty until it is asked for
};

}  // namespace wss::server
