// SPDX-License-Identifier: MIT
#include "addon/node_loop.h"

#include <algorithm>

namespace wss::addon {

NodeLoop* NodeLoop::start(uv_loop_t* nodeLoop, net::Loop& loop, TurnHandler& handler) {
  auto* self = new NodeLoop(loop, handler);
  uv_poll_init(nodeLoop, &self->poll_, loop.backendFd());
  uv_prepare_init(nodeLoop, &self->prepare_);
  uv_idle_init(nodeLoop, &self->idle_);
  uv_timer_init(nodeLoop, &self->timer_);
  self->poll_.data = self->prepare_.data = self->idle_.data = self->timer_.data = self;
  uv_poll_start(&self->poll_, UV_READABLE, [](uv_poll_t* handle, int, int) {
    static_cast<NodeLoop*>(handle->data)->handler_.onTurn();
  });
  // What was asked for outside of a turn takes effect before Node goes to sleep.
  uv_prepare_start(&self->prepare_, [](uv_prepare_t* handle) {
    auto* node = static_cast<NodeLoop*>(handle->data);
    if (node->loop_.pending()) node->handler_.onTurn();
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->prepare_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->idle_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->timer_));
  return self;
}

void NodeLoop::setActive(bool active) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  if (active) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void NodeLoop::afterRun() {
  // The run may have been the one right before Node goes to sleep.
  if (loop_.pending()) {
    uv_idle_start(&idle_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&idle_);
  }
  const int waitMs = loop_.timeoutMs();
  if (waitMs < 0) {
    uv_timer_stop(&timer_);
    return;
  }
  // At least 1: a timer that starts itself anew without delay would keep Node from all else.
  const auto delay = static_cast<std::uint64_t>(std::max(waitMs, 1));
  const std::uint64_t due = uv_now(timer_.loop) + delay;
  // An earlier call does no harm, and arming at every turn would cost.
  const bool armed = uv_is_active(reinterpret_cast<uv_handle_t*>(&timer_)) != 0;
  if (armed && timerDueMs_ <= due) return;
  timerDueMs_ = due;
  uv_timer_start(
      &timer_, [](uv_timer_t* handle) { static_cast<NodeLoop*>(handle->data)->handler_.onTurn(); },
      delay, 0);
}

void NodeLoop::close(void (*onClosed)(void*), void* argument) {
  onClosed_ = onClosed;
  argument_ = argument;
  const auto closed = [](uv_handle_t* handle) {
    auto* self = static_cast<NodeLoop*>(handle->data);
    if (--self->openHandles_ > 0) return;
    if (self->onClosed_ != nullptr) self->onClosed_(self->argument_);
    delete self;
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
}

}  // namespace wss::addon
