// SPDX-License-Identifier: MIT
// Runs a private net::Loop from Node's own: watches its backend descriptor, its timers, and whether
// something waits to take effect. Lives until Node's loop has let go of its handles.
#pragma once

#include <uv.h>

#include <cstdint>

#include "net/loop.h"

namespace wss::addon {

/// Is told that the private loop has something to do.
class TurnHandler {
 public:
  virtual void onTurn() = 0;

 protected:
  ~TurnHandler() = default;
};

class NodeLoop {
 public:
  /// Starts watching `loop`; `handler` and `loop` must stay until close(). Deletes itself some time
  /// after close(), when `onClosed(argument)` has been called.
  static NodeLoop* start(uv_loop_t* nodeLoop, net::Loop& loop, TurnHandler& handler);

  /// Whether Node is to stay alive for this.
  void setActive(bool active);
  /// To be called after each run of the private loop: sees to its timers, and that Node does not
  /// sleep while something waits for the next run.
  void afterRun();
  /// Touches neither the private loop nor the handler any more from here on.
  void close(void (*onClosed)(void*), void* argument);

 private:
  NodeLoop(net::Loop& loop, TurnHandler& handler) : loop_(loop), handler_(handler) {}
  ~NodeLoop() = default;

  net::Loop& loop_;
  TurnHandler& handler_;
  uv_poll_t poll_;
  uv_prepare_t prepare_;
  uv_idle_t idle_;  ///< active: Node polls, but does not sleep
  uv_timer_t timer_;
  std::uint64_t timerDueMs_ = 0;
  int openHandles_ = 4;
  void (*onClosed_)(void*) = nullptr;
  void* argument_ = nullptr;
};

}  // namespace wss::addon
