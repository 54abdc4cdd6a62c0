// SPDX-License-Identifier: MIT
// Many client connections that load one server as a Plan says. It owns the connections and a loop
// of its own, which nothing but run() drives: whoever calls it decides how the phases follow one
// another (connect, start(), forget what was measured until then, stop()).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/error.h"
#include "client/counters.h"
#include "client/histogram.h"
#include "client/load_connection.h"
#include "client/load_run.h"
#include "client/plan.h"

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
  [[nodiscard]] bool isDone() const { return run_.stopped && run_.sockets == 0; }

  /// The least and the most publications that an open connection has had; 0 if none is open.
  struct Range {
    std::uint32_t least;
    std::uint32_t most;
  };
  [[nodiscard]] Range publications() const;
  [[nodiscard]] const Counters& counters() const { return run_.counters; }
  [[nodiscard]] const FailureCounts& failures() const { return run_.failures; }
  /// What the first handshake of TLS came to use; empty before.
  [[nodiscard]] const std::string& negotiated() const { return run_.negotiated; }
  /// From sending a message (open loop: from when it was to be sent) to having its echo.
  [[nodiscard]] const Histogram& latencies() const { return run_.latencies; }
  /// From beginning a connection to having it open.
  [[nodiscard]] const Histogram& connectTimes() const { return run_.connectTimes; }

 private:
  explicit LoadClient(Plan plan);
  void connectDue();
  void sendDue();
  void broadcastDue();
  void expireDue();
  /// Milliseconds that may be slept until something is due, at most until `endNs`.
  [[nodiscard]] int idleMs(std::uint64_t endNs) const;
  [[nodiscard]] bool mayConnect() const;
  [[nodiscard]] std::uint64_t nextConnectNs() const;

  LoadRun run_;
  std::uint64_t beganNs_ = 0;  ///< when the first run() began
  std::deque<LoadConnection> connections_;
  std::uint64_t scheduled_ = 0;  ///< open loop: messages of all connections that were due
};

}  // namespace wss::client
