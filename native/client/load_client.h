// SPDX-License-Identifier: MIT
// Many client connections that load one server as a Plan says. It owns the connections and a loop
// of its own, which nothing but run() drives: whoever calls it decides how the phases follow one
// another (connect, start(), forget what was measured until then, stop()).
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
#include "client/load_connection.h"
#include "client/plan.h"
#include "net/loop.h"
#include "tls/sessions/client_session.h"
#include "ws/deflate.h"
#include "ws/frame.h"

namespace wss::client {

class LoadClient {
 public:
  /// Fails when the system has no descriptor or memory left, or as tls::ClientContext::create().
  static Result<std::unique_ptr<LoadClient>> create(Plan plan);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  /// Connects, sends and receives for `durationMs`; shorter when it isDone(), and when the last
  /// connection has been tried.
  void run(unsigned durationMs);
  /// Whether there are connections that have not been tried to the end. In churn mode: tried at
  /// all.
  [[nodiscard]] bool isConnecting() const;
  /// Lets the open connections, and those that open later, send. Churning ones have begun already.
  void start();
  /// Forgets the latencies that were measured so far.
  void restartMeasuring();
  /// Begins no more connections, and closes those that are open with a handshake.
  void stop();
  /// After stop(): whether the last connection has gone.
  [[nodiscard]] bool isDone() const { return stopped_ && sockets_ == 0; }

  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const FailureCounts& failures() const { return failures_; }
  /// What the first handshake of TLS came to use; empty before.
  [[nodiscard]] const std::string& negotiated() const { return negotiated_; }
  /// From sending a message (open loop: from when it was to be sent) to having its echo.
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }
  /// From beginning a connection to having it open.
  [[nodiscard]] const Histogram& connectTimes() const { return connectTimes_; }

  // What follows is for LoadConnection.
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
  [[nodiscard]] bool sendsOnOpen() const { return started_ && !stopped_; }
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
  void countConnectEnd() { --connecting_; }
  void countLeaving() { --counters_.open; }
  void countClosed() { ++counters_.closed; }
  void countSent(std::uint64_t size);
  void countReceived(std::uint64_t size);
  void countCompressed() { ++counters_.compressed; }
  void countLatency(std::uint64_t sinceNs);
  void countFailure(Failure failure, int detail = 0);
  /// The connection has no socket any more.
  void onGone(LoadConnection& connection);

 private:
  struct Deadline {
    std::uint64_t dueNs;
    std::uint32_t index;
    std::uint32_t deadline;
  };

  explicit LoadClient(Plan plan);
  void connectDue();
  void sendDue();
  void expireDue();
  /// Milliseconds that may be slept until something is due, at most until `endNs`.
  [[nodiscard]] int idleMs(std::uint64_t endNs) const;
  [[nodiscard]] bool mayConnect() const;
  [[nodiscard]] std::uint64_t nextConnectNs() const;
  std::uint64_t random();

  // Constant after construction.
  Plan plan_;
  std::unique_ptr<net::Loop> loop_;
  std::shared_ptr<tls::ClientContext> tls_;
  std::uint64_t beganNs_ = 0;  ///< when the first run() began
  // Changes with every connection.
  std::deque<LoadConnection> connections_;
  std::vector<std::uint32_t> waiting_;  ///< indices of those to connect, the next one last
  std::deque<Deadline> deadlines_;      ///< in the order in which they pass
  std::uint64_t pausedUntilNs_ = 0;
  std::size_t remote_ = 0;
  std::uint32_t connecting_ = 0;
  std::uint32_t sockets_ = 0;
  bool started_ = false;
  bool stopped_ = false;
  // Changes with every message.
  std::uint64_t nowNs_ = 0;
  std::uint64_t random_;
  std::uint64_t scheduleNs_ = 0;  ///< open loop: when the first message was to be sent
  std::uint64_t scheduled_ = 0;   ///< open loop: messages of all connections that were due
  Content content_;
  ws::Inflater inflater_{15, false};
  ByteQueue frames_;
  ByteQueue records_;
  std::unique_ptr<std::uint8_t[]> plainBuffer_;  ///< made when it is first needed
  std::string negotiated_;
  Counters counters_;
  FailureCounts failures_;
  Histogram latencies_;
  Histogram connectTimes_;
};

}  // namespace wss::client
