// SPDX-License-Identifier: MIT
// Whether a peer is still there: when it was heard last, whether it answers Pings, and whether it
// takes what is sent, which is a sign of life too. It sends nothing and knows no clock: it is told
// the time, and says what is to be done.
#pragma once

#include <cstdint>

#include "server/streams/flow.h"
#include "server/timing/deadlines.h"

namespace wss::server {

class Liveness {
 public:
  /// The settings of these names, in seconds; 0: none.
  struct Limits {
    int idleTimeout;
    int pingInterval;
    int sendTimeout;
  };
  /// How it is with the connection.
  struct Condition {
    bool deaf;     ///< what the peer sends is not read: whom nobody listens to cannot be heard
    bool blocked;  ///< a Ping could not leave
  };
  enum class Verdict : std::uint8_t {
    kAlive,
    kPing,    ///< alive perhaps: it is to be pinged now
    kIdle,    ///< nothing came, and nothing was taken, for IdleTimeout
    kSilent,  ///< a Ping was not answered within PingInterval
  };
  struct Outcome {
    Verdict verdict;
    Tick next;  ///< when to check again; 0: never
  };

  /// Something has come.
  void hear(Tick now) {
    heard_ = now;
    pinged_ = false;
  }
  /// REQUIRES one of the first two limits.
  Outcome check(Tick now, const Limits& limits, const Condition& condition, Flow& flow);

  // While it is being closed.
  /// It has `seconds` from now on for what is left to it.
  static void beginClosing(int seconds, Flow& flow);
  /// When they are over: whether they begin anew, because enough has been taken of what is much.
  static bool mayStillTake(int seconds, Flow& flow);

 private:
  /// For one that has been silent for IdleTimeout or longer: whether what goes out to it goes on.
  static bool takes(Tick now, Tick heard, Flow& flow);
  /// For one that has been silent for PingInterval, or as long again since it was pinged. `next`:
  /// when to check again, unless heard_ says so.
  Verdict checkPing(Tick now, const Limits& limits, bool blocked, Flow& flow, Tick& next);

  Tick heard_ = 0;       ///< when there was a sign of life last: something came, or went on
  bool pinged_ = false;  ///< for its silence, and nothing has come since
};

}  // namespace wss::server
