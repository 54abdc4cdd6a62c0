// SPDX-License-Identifier: MIT
// A private libuv loop: readiness of sockets, one coarse ticker, and the receive buffer that all
// sockets of the loop share. It belongs to one thread. Whoever embeds it watches backendFd() and
// calls run(); nothing happens in between.
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"

namespace wss::net {

/// Is told that time has passed.
class TickHandler {
 public:
  virtual void onTick() = 0;

 protected:
  ~TickHandler() = default;
};

class Loop {
 public:
  /// Fails when the system has no descriptor or memory left.
  static Result<std::unique_ptr<Loop>> create();
  /// REQUIRES that every socket and listener has been closed; runs their last callbacks.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Handles what is ready, having waited for it for up to `waitMs` milliseconds.
  void run(int waitMs);
  /// Readable when run() has something to do.
  [[nodiscard]] int backendFd() const { return uv_backend_fd(&loop_); }
  /// Milliseconds until run() is to be called though nothing is ready; -1 for never.
  [[nodiscard]] int timeoutMs() const {
    // Of a loop without anything in it libuv says 0, meaning that running it would return at once.
    return uv_loop_alive(&loop_) != 0 ? uv_backend_timeout(&loop_) : -1;
  }
  /// Whether something was asked for outside of run() that takes effect only in run().
  [[nodiscard]] bool pending() const { return pending_; }
  /// Asks for a run() soon.
  void wake() { pending_ = true; }
  /// Brings nowMs() up to date outside of run(), before anything that depends on it.
  void updateTime() { uv_update_time(&loop_); }
  /// Milliseconds of a steady clock, as of the current turn or the last updateTime().
  [[nodiscard]] std::uint64_t nowMs() const { return uv_now(&loop_); }

  /// Calls `handler` about every `periodMs` until stopTicker().
  void startTicker(TickHandler* handler, unsigned periodMs);
  void stopTicker() { uv_timer_stop(&ticker_); }
  [[nodiscard]] bool ticking() const {
    return uv_is_active(reinterpret_cast<const uv_handle_t*>(&ticker_)) != 0;
  }

  /// The buffer into which every socket receives; its content is gone with the next receive.
  /// In front of it lie kHeadroom writable bytes, for what was left over of the last receive.
  [[nodiscard]] MutableBytes receiveBuffer() { return {buffer_.get() + kHeadroom, kReceiveSize}; }

  static constexpr std::size_t kHeadroom = 256;
  static constexpr std::size_t kReceiveSize = std::size_t{256} * 1024;

  [[nodiscard]] uv_loop_t* handle() { return &loop_; }

 private:
  Loop() = default;

  uv_loop_t loop_;
  uv_timer_t ticker_;
  uv_timer_t waiter_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  bool initialised_ = false;
  bool pending_ = false;
};

}  // namespace wss::net
