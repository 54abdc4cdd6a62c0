// SPDX-License-Identifier: MIT
// The time by which a server counts, and the deadlines that are to come.
#pragma once

#include <cstdint>
#include <vector>

#include "net/loop.h"
#include "server/timing/clock.h"
#include "server/timing/deadlines.h"

namespace wss::server {

/// The loop ticks only between start() and stop().
class Timers {
 public:
  /// `handler` is called at each tick, and calls tick(). Both must outlive it.
  Timers(net::Loop& loop, net::TickHandler& handler) : loop_(loop), handler_(handler) {}

  [[nodiscard]] Tick now() const { return clock_.at(loop_.nowMs()); }
  /// Has `id` come up at about `due`. Returns when.
  Tick add(std::int32_t id, Tick due) {
    start();
    return deadlines_.add(id, due);
  }
  /// For what waits for progress, not for a deadline.
  void start() {
    if (loop_.ticking()) return;
    clock_.start(loop_.nowMs());
    std::vector<std::int32_t> none;
    deadlines_.collect(now(), none);
    loop_.startTicker(&handler_, kTickMs);
  }
  void stop() { loop_.stopTicker(); }
  /// Whose deadlines have come.
  [[nodiscard]] std::vector<std::int32_t> tick() {
    clock_.tick(loop_.nowMs());
    std::vector<std::int32_t> ids;
    deadlines_.collect(now(), ids);
    return ids;
  }
  /// Whether no deadline is to come.
  [[nodiscard]] bool empty() const { return deadlines_.empty(); }

 private:
  net::Loop& loop_;
  net::TickHandler& handler_;
  Deadlines deadlines_;
  Clock clock_;
};

}  // namespace wss::server
