// SPDX-License-Identifier: MIT
// One run of the load generator, as its connections see it: the plan, the time, what they share,
// and what they measure. They know nothing of each other. Belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "client/content.h"
#include "client/counters.h"
#include "client/histogram.h"
#include "client/plan.h"
#include "net/loop.h"
#include "tls/sessions/client_session.h"
#include "ws/deflate.h"
#include "ws/frame.h"

namespace wss::client {

class LoadRun {
 public:
  explicit LoadRun(Plan plan);
  /// Makes the loop, and what TLS needs. Fails when the system has no descriptor or memory left, or
  /// as tls::ClientContext::create().
  Result<void> setUp();

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] net::Loop& loop() { return *loop_; }
  /// For compressed echoes of all connections, none of which keeps a context.
  [[nodiscard]] ws::Inflater& inflater() { return inflater_; }
  [[nodiscard]] Content& content() { return content_; }
  /// Where a connection builds what it sends within a call; empty between calls.
  [[nodiscard]] ByteQueue& frames() { return frames_; }
  /// The same, under TLS: what its frames become.
  [[nodiscard]] ByteQueue& records() { return records_; }
  /// Null: without TLS.
  [[nodiscard]] const std::shared_ptr<tls::ClientContext>& tlsContext() const { return tls_; }
  /// Where what was received is decrypted to, with room in front as in net::Loop::receiveBuffer().
  MutableBytes plainBuffer();
  /// Of a steady clock, as of the last updateTime().
  [[nodiscard]] std::uint64_t nowNs() const { return nowNs_; }
  void updateTime();
  [[nodiscard]] bool isOpenLoop() const { return plan_.messagesPerSecond > 0; }
  [[nodiscard]] bool sendsOnOpen() const { return started && !stopped; }
  /// Open loop: when message `number` of connection `index` is to be sent.
  [[nodiscard]] std::uint64_t intendedNs(std::uint32_t index, std::uint64_t number) const;
  /// Unpredictable to a server that does not try, which is what a test needs of RFC 6455 §5.3.
  ws::MaskKey makeMaskKey();
  std::string makeHandshakeKey();
  /// `deadline` of connection `index` passes after the plan's timeout.
  void addDeadline(std::uint32_t index, std::uint32_t deadline);

  /// Which of the plan's remotes a connection tries first: the one that was connected to last.
  [[nodiscard]] std::size_t remote() const { return remote_; }
  void connectedTo(std::size_t remote) { remote_ = remote; }
  void countHandshake(const tls::ClientSession& session);
  void countConnect(std::uint64_t startedNs);
  void countConnectEnd() { --connecting; }
  void countLeaving() { --counters.open; }
  void countClosed() { ++counters.closed; }
  void countSent(std::uint64_t size);
  void countReceived(std::uint64_t size);
  void countCompressed() { ++counters.compressed; }
  void countPublication() { ++counters.publications; }
  void countLatency(std::uint64_t sinceNs);

  // Broadcast: what one connection sends comes to all.
  /// How many messages have been sent so.
  [[nodiscard]] std::uint64_t broadcasts() const { return delivered_ + broadcasts_.size(); }
  /// Closed loop: whether the next one may be sent, because enough have come to all.
  [[nodiscard]] bool mayBroadcast() const { return broadcasts_.size() < plan_.inFlight; }
  /// One is sent now, to all that are open.
  void addBroadcast() { broadcasts_.push_back({nowNs_, counters.open}); }
  /// Broadcast `number` has come to one of them.
  void countBroadcast(std::uint64_t number);
  /// None comes any more to one of them, that has had the first `received`.
  void endBroadcasts(std::uint64_t received);

  void countFailure(Failure failure, int detail = 0);
  /// Connection `index` has no socket any more.
  void onGone(std::uint32_t index);

  // For LoadClient, which owns the connections.
  struct Deadline {
    std::uint64_t dueNs;
    std::uint32_t index;
    std::uint32_t deadline;
  };
  std::deque<Deadline> deadlines;      ///< in the order in which they pass
  std::vector<std::uint32_t> waiting;  ///< indices of those to connect, the next one last
  std::uint32_t connecting = 0;
  std::uint32_t sockets = 0;
  bool started;
  bool stopped = false;
  std::uint64_t pausedUntilNs = 0;
  std::uint64_t scheduleNs = 0;  ///< open loop: when the first message was to be sent
  Counters counters;
  FailureCounts failures;
  std::string negotiated;  ///< what the first handshake of TLS came to use
  Histogram latencies;
  Histogram connectTimes;

 private:
  /// A broadcast that has not come to all.
  struct Broadcast {
    std::uint64_t sentNs;
    std::uint64_t missing;  ///< those to which it has yet to come
  };

  std::uint64_t random();
  [[nodiscard]] Broadcast& broadcast(std::uint64_t number) {
    return broadcasts_[number - delivered_];
  }
  void dropDelivered();

  Plan plan_;
  std::unique_ptr<net::Loop> loop_;
  std::shared_ptr<tls::ClientContext> tls_;
  std::size_t remote_ = 0;
  std::uint64_t nowNs_ = 0;
  std::uint64_t random_;
  Content content_;
  ws::Inflater inflater_{15, false};
  ByteQueue frames_;
  ByteQueue records_;
  std::deque<Broadcast> broadcasts_;
  std::uint64_t delivered_ = 0;                  ///< broadcasts that have come to all
  std::unique_ptr<std::uint8_t[]> plainBuffer_;  ///< made when it is first needed
};

}  // namespace wss::client
