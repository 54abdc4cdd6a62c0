// SPDX-License-Identifier: MIT
// A private event loop: readiness of sockets, one coarse ticker, and the receive buffer that all
// sockets of the loop share. It belongs to one thread. Whoever embeds it watches backendFd() and
// calls run(); nothing happens in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "net/poller.h"

namespace wss::net {

/// Is told that time has passed.
class TickHandler {
 public:
  virtual void onTick() = 0;

 protected:
  ~TickHandler() = default;
};

/// Is told that a socket has been closed, when no caller further up the stack still uses it.
class CloseHandler {
 public:
  /// The last call, at the end of the loop turn in which the socket was closed. Only from here on
  /// may the socket be destroyed.
  virtual void onSocketClosed() = 0;

 protected:
  ~CloseHandler() = default;
};

class Loop {
 public:
  /// Milliseconds of a clock that never goes back.
  using Clock = std::uint64_t (*)();

  /// Goes by `clock`; a null one is the system's. Fails when the system has no descriptor or memory
  /// left.
  static Result<std::unique_ptr<Loop>> create(Clock clock = nullptr);

  /// Handles what is ready, having waited for it for up to `waitMs` milliseconds.
  void run(int waitMs);
  /// How often run() has been called.
  [[nodiscard]] std::uint64_t turn() const { return turn_; }
  /// Readable when run() has something to do.
  [[nodiscard]] int backendFd() const { return poller_->backendFd(); }
  /// Milliseconds until run() is to be called though nothing is ready; -1 for never.
  [[nodiscard]] int timeoutMs() const;
  /// Whether something waits for the next run().
  [[nodiscard]] bool pending() const { return pending_ || poller_->pending(); }
  /// Asks for a run() soon.
  void wake() { pending_ = true; }
  /// Brings nowMs() up to date outside of run(), before anything that depends on it.
  void updateTime();
  /// Milliseconds of the clock, as of the current turn or the last updateTime().
  [[nodiscard]] std::uint64_t nowMs() const { return nowMs_; }

  /// Calls `handler` about every `periodMs` until stopTicker(), at most once a run().
  void startTicker(TickHandler* handler, unsigned periodMs);
  void stopTicker() { ticker_ = nullptr; }
  [[nodiscard]] bool ticking() const { return ticker_ != nullptr; }

  /// The buffer into which every socket receives; its content is gone with the next receive.
  /// In front of it lie kHeadroom writable bytes, for what was left over of the last receive.
  [[nodiscard]] MutableBytes receiveBuffer() { return {buffer_.get() + kHeadroom, kReceiveSize}; }

  static constexpr std::size_t kHeadroom = 256;
  static constexpr std::size_t kReceiveSize = std::size_t{256} * 1024;

  // For Socket and Listener.
  [[nodiscard]] Poller& poller() { return *poller_; }
  /// Has onSocketClosed() called at the end of this run, or of the next.
  void addClosed(CloseHandler& handler);

 private:
  Loop(std::unique_ptr<Poller> poller, Clock clock);

  std::unique_ptr<Poller> poller_;
  Clock clock_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::vector<CloseHandler*> closed_;
  TickHandler* ticker_ = nullptr;
  unsigned tickPeriodMs_ = 0;
  std::uint64_t nextTickMs_ = 0;
  std::uint64_t nowMs_ = 0;
  std::uint64_t turn_ = 0;
  bool pending_ = false;
};

}  // namespace wss::net
