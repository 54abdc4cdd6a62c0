// SPDX-License-Identifier: MIT
// What happens to a connection because time passes.
#include <algorithm>
#include <utility>

#include "server/connection.h"
#include "ws/writer.h"

namespace wss::server {
namespace {

/// What a peer that is being closed has to take in a second to get more time: so slow lines have
/// theirs, and one who takes as little as it can is gone after a time that its queue bounds.
constexpr std::int64_t kLeastPerSecond = std::int64_t{8} * 1024;

}  // namespace

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
    case State::kEnding:
    case State::kDraining:
      if (mayStillTake()) return;
      return closeSocket(true);
    case State::kClosed:
      return;
  }
}

void Connection::checkLiveness(Tick now) {
  const int idle = shared_.options.idleTimeout;
  const int interval = shared_.options.pingInterval;
  if (state_ != State::kOpen || (idle == 0 && interval == 0)) return;
  // Whom we do not listen to cannot be heard.
  if (paused_ || behind_) heardTick_ = now;

  // Its own, because taking what is sent does not answer a Ping.
  const auto idleDue = [&] {
    return ticksLater(extra_ ? std::max(heardTick_, extra_->takenTick) : heardTick_, idle);
  };
  if (idle > 0 && idleDue() <= now && !takes(now)) {
    return startClosing(static_cast<std::uint16_t>(ws::CloseCode::kGoingAway),
                        "Nothing came for IdleTimeout");
  }
  const auto pingDue = [&] { return ticksLater(heardTick_, pinged_ ? 2 * interval : interval); };
  Tick next = 0;
  if (interval > 0 && pingDue() <= now && !mayAnswerPing(now, next)) {
    return lose("The peer did not answer a Ping within PingInterval");
  }
  if (idle > 0) setDeadlineBy(idleDue());
  if (interval > 0) setDeadlineBy(std::max(next, pingDue()));
}

bool Connection::takes(Tick now) {
  const bool known = extra_ && extra_->takenTick >= heardTick_ && extra_->taken.left() > 0;
  const Stretch all = known ? Stretch{} : underway();
  // The first look cannot know whether it stands still.
  const bool alive = known ? advance(extra_->taken) > 0 : all.left() > 0;
  if (!alive) return false;
  if (!known) extra().taken = all;
  extra_->takenTick = now;
  return true;
}

bool Connection::mayAnswerPing(Tick now, Tick& next) {
  const int interval = shared_.options.pingInterval;
  // As if its silence had lasted for just one interval, however long we could not ping it.
  const Tick pingedNow = now - static_cast<Tick>(interval) * kTicksPerSecond;
  if (!pinged_ && !blocked_) {
    heardTick_ = pingedNow;
    sendLivenessPing();
    return true;
  }
  // A Ping that has not left cannot be answered. Who takes nothing meanwhile is SendTimeout's.
  const bool ours = pinged_ ? extra_ && extra_->underwaySince == heardTick_ &&
                                  extra_->handed < extra_->underway.end
                            : blocked_;
  if (ours && shared_.options.sendTimeout > 0) {
    next = ticksLater(now, interval);
    return true;
  }
  if (!pinged_) {
    if (!takes(now)) return false;
    heardTick_ = now;
    return true;
  }
  const bool moves = extra_ && extra_->underwaySince == heardTick_ && advance(extra_->underway) > 0;
  if (!moves) return false;
  extra_->underwaySince = heardTick_ = pingedNow;
  return true;
}

void Connection::sendLivenessPing() {
  pinged_ = true;
  if (const Stretch ahead = underway(); ahead.left() > 0 || extra_) {
    extra().underway = ahead;
    extra_->underwaySince = heardTick_;
  }
  ws::appendFrame(outgoing(), ws::Opcode::kPing, true, false, {});
  touch();
}

Stretch Connection::underway() const {
  const std::int64_t handed = extra_ ? extra_->handed : 0;
  const std::size_t unsealed = tls_ ? tls_->unsealed.size() : 0;
  const std::size_t queued = output_.size() + unsealed + runSize_;
  return {handed - onItsWay(), handed + static_cast<std::int64_t>(queued)};
}

std::int64_t Connection::onItsWay() const { return remote_.isUnix ? 0 : socket_.unsent(); }

std::int64_t Connection::advance(Stretch& stretch) const {
  if (stretch.left() <= 0) return 0;
  const std::int64_t taken = extra_->handed - onItsWay();
  return std::max<std::int64_t>(taken - std::exchange(stretch.taken, taken), 0);
}

void Connection::startCloseTimeout() {
  const int seconds = shared_.options.closeTimeout;
  startTimeout(seconds);
  const Stretch all = underway();
  if (extra_ || all.left() > seconds * kLeastPerSecond) extra().underway = all;
}

bool Connection::mayStillTake() {
  const int seconds = shared_.options.closeTimeout;
  const std::int64_t least = seconds * kLeastPerSecond;
  if (!extra_ || extra_->underway.left() <= least || advance(extra_->underway) < least)
    return false;
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
