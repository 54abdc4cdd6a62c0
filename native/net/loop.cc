// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/pollers.h"

namespace wss::net {

namespace {

std::uint64_t steadyMs() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
  const auto sinceStart = steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(duration_cast<milliseconds>(sinceStart).count());
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create(Clock clock) {
  auto poller = makePoller();
  if (!poller.ok()) return poller.error();
  return std::unique_ptr<Loop>(
      new Loop(std::move(poller.value()), clock == nullptr ? &steadyMs : clock));
}

// Uninitialised, so that pages of the buffer which no receive ever reached cost nothing.
Loop::Loop(std::unique_ptr<Poller> poller, Clock clock)
    : poller_(std::move(poller)),
      clock_(clock),
      buffer_(new std::uint8_t[kHeadroom + kReceiveSize]) {
  updateTime();
}

void Loop::updateTime() { nowMs_ = clock_(); }

int Loop::timeoutMs() const {
  if (!ticking()) return -1;
  return nextTickMs_ <= nowMs_ ? 0 : static_cast<int>(nextTickMs_ - nowMs_);
}

void Loop::run(int waitMs) {
  const bool waits = waitMs > 0 && !pending();
  pending_ = false;
  ++turn_;
  if (waits) {
    updateTime();
    if (ticking()) waitMs = std::min(waitMs, timeoutMs());
    pollfd backend{backendFd(), POLLIN, 0};
    ::poll(&backend, 1, waitMs);
  }
  updateTime();
  // What peers have sent in time counts before the time that has passed meanwhile.
  poller_->dispatch();
  if (ticking() && nextTickMs_ <= nowMs_) {
    nextTickMs_ = nowMs_ + tickPeriodMs_;
    ticker_->onTick();
  }
  for (CloseHandler* const handler : std::exchange(closed_, {})) handler->onSocketClosed();
}

void Loop::startTicker(TickHandler* handler, unsigned periodMs) {
  ticker_ = handler;
  tickPeriodMs_ = periodMs;
  nextTickMs_ = nowMs_ + periodMs;
  wake();
}

void Loop::addClosed(CloseHandler& handler) {
  closed_.push_back(&handler);
  wake();
}

}  // namespace wss::net
