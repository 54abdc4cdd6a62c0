// SPDX-License-Identifier: MIT
// What happens to a connection because time passes.
#include "server/connection.h"
#include "server/server.h"
#include "ws/writer.h"

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
      server_.log(1, id_, "The TLS handshake took too long");
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
      return lose("The peer did not answer the Close frame in time");
    case State::kEnding:
    case State::kDraining:
      return closeSocket(true);
    case State::kClosed:
      return;
  }
}

void Connection::checkLiveness(Tick now) {
  const int idle = server_.options.idleTimeout;
  const int interval = server_.options.pingInterval;
  if (state_ != State::kOpen || (idle == 0 && interval == 0)) return;
  // Whom we do not listen to cannot be heard.
  if (paused_ || behind_) heardTick_ = now;

  if (idle > 0 && ticksLater(heardTick_, idle) <= now) {
    return startClosing(static_cast<std::uint16_t>(ws::CloseCode::kGoingAway),
                        "Nothing came for IdleTimeout");
  }
  if (pinged_ && ticksLater(heardTick_, 2 * interval) <= now) {
    return lose("The peer did not answer a Ping within PingInterval");
  }
  if (interval > 0 && !pinged_ && ticksLater(heardTick_, interval) <= now) {
    pinged_ = true;
    // A queue that the peer does not empty must not grow.
    if (!blocked_) {
      ws::appendFrame(outgoing(), ws::Opcode::kPing, true, false, {});
      touch();
    }
  }
  if (idle > 0) setDeadlineBy(ticksLater(heardTick_, idle));
  if (interval > 0) setDeadlineBy(ticksLater(heardTick_, pinged_ ? 2 * interval : interval));
}

void Connection::startTimeout(int seconds) { setDeadline(ticksLater(server_.now(), seconds)); }

void Connection::setDeadlineBy(Tick due) {
  if (deadlineTick_ == 0 || due < deadlineTick_) setDeadline(due);
}

void Connection::setDeadline(Tick due) {
  deadlineTick_ = due;
  if (scheduledTick_ == 0 || due < scheduledTick_) scheduledTick_ = server_.addDeadline(id_, due);
}

}  // namespace wss::server
