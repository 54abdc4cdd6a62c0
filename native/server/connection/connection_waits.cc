// SPDX-License-Identifier: MIT
// Those who wait until a connection's bytes are on their way, or a Ping is answered.
#include <algorithm>
#include <cstring>
#include <string>

#include "server/connection/connection.h"
#include "server/connection/connection_way.h"

namespace wss::server {

/// Whether `goal` has been reached; if not, `token` is settled when it has.
bool Connection::waitUnless(Goal goal, std::int32_t token) {
  if (goal == Goal::kDrained ? isDrained() : isWireEmpty()) return true;
  extra().waits.add(token, goal, wireSize(), shared_.now());
  expectProgress();
  return false;
}

void Connection::expectProgress() {
  if (timeoutSeconds_ > 0) setDeadlineBy(ticksLater(shared_.now(), timeoutSeconds()));
}

Result<void> Connection::ping(std::int32_t token) {
  if (!isOpen()) return notConnected(std::to_string(id_));
  if (outgoing_.isBlocked()) {
    return makeError(ErrorCode::kWouldBlock, "wait for ReadyToSend, then ping again");
  }
  if (extra_ && !extra_->waits.mayPing()) {
    return makeError(ErrorCode::kWouldBlock, "its last 64 Pings are unanswered: wait for a Pong");
  }
  extra().waits.addPing(token, shared_.now(), Way(*this).underway());
  std::uint8_t payload[sizeof token];
  std::memcpy(payload, &token, sizeof token);
  outgoing_.enqueueControl(ws::Opcode::kPing, payload);
  touch();
  expectProgress();
  return {};
}

void Connection::onTaken(std::size_t count) {
  if (!extra_ || count == 0) return;
  extra_->handed += static_cast<std::int64_t>(count);
  extra_->waits.onTaken(count, shared_.now(), teller());
  settleIfDrained();
}

void Connection::settleIfDrained() {
  if (extra_ && isDrained()) extra_->waits.onDrained(teller());
}

void Connection::expireWaits(Tick now) {
  if (!extra_ || timeoutSeconds_ == 0) return;
  // What the kernel holds may last for longer than the timeout: then it takes nothing from us.
  if (outgoing_.isBlocked()) hasTakenMore();
  const Tick taken = shared_.queues.since(id_);
  const Tick next = extra_->waits.expire(now, timeoutSeconds(), taken, Way(*this), teller());
  if (next != 0) setDeadlineBy(next);
}

void Connection::forget(std::int32_t token) {
  if (extra_) extra_->waits.forget(token);
}

void Connection::setTimeoutSeconds(int seconds) {
  timeoutSeconds_ = static_cast<unsigned>(seconds) & kTimeoutMask;
  showStatus();
}

}  // namespace wss::server
