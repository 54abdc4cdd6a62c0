// SPDX-License-Identifier: MIT
// What happens to a connection because time passes.
#include "server/connection/connection.h"
#include "server/connection/connection_way.h"

namespace wss::server {

void Connection::onDeadline(Tick now) {
  // An entry that has been superseded by an earlier one means nothing any more.
  if (scheduledTick_ == 0 || now < scheduledTick_) return;
  scheduledTick_ = 0;
  if (deadlineTick_ == 0) return;
  if (now < deadlineTick_) return setDeadline(deadlineTick_);
  deadlineTick_ = 0;
  switch (state_) {
    case State::kAskedConnection:
      return closeSocket(true);
    case State::kHandshake:
    case State::kAskedCertificate:
    case State::kAskedClient:
      shared_.log.add(LogLevel::kInfo, id_, "The TLS handshake took too long");
      return hangUp(true);
    case State::kRequest:
      return refuse(408, "The request did not come in time");
    case State::kAskedOpen:
      return refuse(503, "The request was not answered in time");
    case State::kOpen:
    case State::kLeaving:
      expireWaits(now);
      return checkLiveness(now);
    case State::kClosing:
      if (mayStillTake()) return;
      return lose("The peer did not answer the Close frame in time");
    case State::kTunnel:
      return;
    case State::kFlushing:
    case State::kDraining:
      if (mayStillTake()) return;
      return closeSocket(true);
    case State::kClosed:
      return;
  }
}

void Connection::checkLiveness(Tick now) {
  const Options& options = shared_.options;
  const Liveness::Limits limits{options.idleTimeout, options.pingInterval, options.sendTimeout};
  if (state_ != State::kOpen || (limits.idleTimeout == 0 && limits.pingInterval == 0)) return;
  Way way(*this);
  const auto [verdict, next] =
      liveness_.check(now, limits, {paused_ || incoming_.isBehind(), outgoing_.isBlocked()}, way);
  switch (verdict) {
    case Liveness::Verdict::kIdle:
      return startClosing(static_cast<std::uint16_t>(ws::CloseCode::kGoingAway),
                          "Nothing came for IdleTimeout");
    case Liveness::Verdict::kSilent:
      return lose("The peer did not answer a Ping within PingInterval");
    case Liveness::Verdict::kPing:
      outgoing_.enqueueControl(ws::Opcode::kPing, {});
      touch();
      break;
    case Liveness::Verdict::kAlive:
      break;
  }
  setDeadlineBy(next);
}

void Connection::startCloseTimeout() {
  const int seconds = shared_.options.closeTimeout;
  startTimeout(seconds);
  Way way(*this);
  Liveness::beginClosing(seconds, way);
}

bool Connection::mayStillTake() {
  const int seconds = shared_.options.closeTimeout;
  Way way(*this);
  if (!Liveness::mayStillTake(seconds, way)) return false;
  startTimeout(seconds);
  return true;
}

void Connection::startTimeout(int seconds) { setDeadline(ticksLater(shared_.now(), seconds)); }

void Connection::setDeadlineBy(Tick due) {
  if (deadlineTick_ == 0 || due < deadlineTick_) setDeadline(due);
}

void Connection::setDeadline(Tick due) {
  deadlineTick_ = due;
  if (scheduledTick_ == 0 || due < scheduledTick_) scheduledTick_ = shared_.timers.add(id_, due);
}

}  // namespace wss::server
