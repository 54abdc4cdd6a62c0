// SPDX-License-Identifier: MIT
#include "net/loop.h"

#include <cassert>

namespace wss::net {

Result<std::unique_ptr<Loop>> Loop::create() {
  std::unique_ptr<Loop> loop(new Loop());
  const int status = uv_loop_init(&loop->loop_);
  if (status != 0) return systemError(-status, "uv_loop_init");
  loop->initialised_ = true;
  uv_timer_init(&loop->loop_, &loop->ticker_);
  uv_timer_init(&loop->loop_, &loop->waiter_);
  // Uninitialised, so that pages which no receive ever reached cost nothing.
  loop->buffer_.reset(new std::uint8_t[kHeadroom + kReceiveSize]);
  return loop;
}

Loop::~Loop() {
  if (!initialised_) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&ticker_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&waiter_), nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  [[maybe_unused]] const int status = uv_loop_close(&loop_);
  assert(status == 0);
}

void Loop::run(int waitMs) {
  pending_ = false;
  if (waitMs <= 0) {
    uv_run(&loop_, UV_RUN_NOWAIT);
    return;
  }
  uv_update_time(&loop_);
  uv_timer_start(&waiter_, [](uv_timer_t*) {}, static_cast<std::uint64_t>(waitMs), 0);
  uv_run(&loop_, UV_RUN_ONCE);
  uv_timer_stop(&waiter_);
}

void Loop::startTicker(TickHandler* handler, unsigned periodMs) {
  ticker_.data = handler;
  uv_timer_start(
      &ticker_, [](uv_timer_t* timer) { static_cast<TickHandler*>(timer->data)->onTick(); },
      periodMs, periodMs);
  wake();
}

}  // namespace wss::net
