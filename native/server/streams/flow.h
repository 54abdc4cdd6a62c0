// SPDX-License-Identifier: MIT
// How what is sent to a peer gets on: what the kernel has taken, and of that the peer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "server/timing/deadlines.h"

namespace wss::server {

/// A stretch of what is sent; both ends count bytes that the peer has taken.
struct Stretch {
  std::int64_t taken = 0;  ///< when it was looked at last
  std::int64_t end = 0;

  [[nodiscard]] std::int64_t left() const { return end - taken; }
};

/// What is remembered of one whose stretches are looked at.
struct Watched {
  Stretch underway;        ///< what was on its way when the peer was pinged, or closing began
  Tick underwaySince = 0;  ///< when it had been heard last then; 0: that was not looked at
  Stretch taken;           ///< what was on its way when IdleTimeout had passed
  Tick takenTick = 0;      ///< when some of that had been taken last
};

/// Is asked only when a deadline has come: onItsWay() may cost a system call.
class Flow {
 public:
  /// Bytes that the kernel has taken since there is something to remember.
  [[nodiscard]] virtual std::int64_t handed() const = 0;
  /// Bytes that the kernel has yet to take.
  [[nodiscard]] virtual std::int64_t queued() const = 0;
  /// What the kernel has, and not the peer.
  [[nodiscard]] virtual std::int64_t onItsWay() const = 0;

  /// Null: there was nothing to remember yet.
  [[nodiscard]] virtual Watched* watched() = 0;
  /// The same, which is made if there is none.
  virtual Watched& watch() = 0;

  /// All that the peer has yet to take.
  [[nodiscard]] Stretch underway() const { return {handed() - onItsWay(), handed() + queued()}; }
  /// Looks at `stretch` again: how much more of it the peer has taken.
  std::int64_t advance(Stretch& stretch) const {
    if (stretch.left() <= 0) return 0;
    const std::int64_t taken = handed() - onItsWay();
    return std::max<std::int64_t>(taken - std::exchange(stretch.taken, taken), 0);
  }

 protected:
  ~Flow() = default;
};

}  // namespace wss::server
