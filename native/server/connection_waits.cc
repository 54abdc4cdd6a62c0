// SPDX-License-Identifier: MIT
// Those who wait until a connection's bytes are on their way, or a Ping is answered.
#include <algorithm>
#include <cstring>
#include <string>

#include "server/connection.h"
#include "ws/writer.h"

namespace wss::server {

/// A peer that reads and does not answer is not to have us remember ever more of them.
constexpr std::ptrdiff_t kMostPings = 64;

/// Whether `goal` has been reached; if not, `token` is settled when it has.
bool Connection::isDone(Goal goal, std::int32_t token) {
  if (goal == Goal::kDrained ? isDrained() : output_.empty()) return true;
  extra().waits.push_back({token, goal, output_.size(), shared_.now()});
  expectProgress();
  return false;
}

void Connection::expectProgress() {
  if (timeoutSeconds_ > 0) setDeadlineBy(ticksLater(shared_.now(), timeoutSeconds_));
}

Result<void> Connection::ping(std::int32_t token) {
  if (!isOpen()) {
    return makeError(ErrorCode::kInvalidConnectionId, std::to_string(id_) + " is not open");
  }
  if (blocked_) return makeError(ErrorCode::kWouldBlock, "wait for ReadyToSend, then ping again");
  const auto isPing = [](const Wait& wait) { return wait.goal == Goal::kPong; };
  if (extra_ && std::ranges::count_if(extra_->waits, isPing) >= kMostPings) {
    return makeError(ErrorCode::kWouldBlock, "its last 64 Pings are unanswered: wait for a Pong");
  }
  extra().waits.push_back({token, Goal::kPong, 0, shared_.now(), underway()});
  std::uint8_t payload[sizeof token];
  std::memcpy(payload, &token, sizeof token);
  ws::appendFrame(outgoing(), ws::Opcode::kPing, true, false, payload);
  touch();
  expectProgress();
  return {};
}

/// The Pong of the Ping with `token` has come. RFC 6455 §5.5.3: of several Pings a peer need only
/// answer the latest, so those before it are answered too.
void Connection::settlePings(std::int32_t token) {
  auto& waits = extra_->waits;
  const auto answered = std::find_if(waits.begin(), waits.end(), [token](const Wait& wait) {
    return wait.goal == Goal::kPong && wait.token == token;
  });
  if (answered == waits.end()) return;
  const auto end = answered + 1;
  const auto kept = std::remove_if(waits.begin(), end, [this](const Wait& wait) {
    if (wait.goal != Goal::kPong) return false;
    settle(wait, ErrorCode{});
    return true;
  });
  waits.erase(kept, end);
}

void Connection::onProgress(std::size_t count) {
  if (!extra_ || count == 0) return;
  extra_->handed += static_cast<std::int64_t>(count);
  // The documented timeout is one of inactivity: any progress starts it anew.
  std::erase_if(extra_->waits, [&](Wait& wait) {
    if (wait.goal == Goal::kPong) return false;
    wait.bytes -= std::min<std::uint64_t>(wait.bytes, count);
    wait.since = shared_.now();
    const bool done = wait.goal == Goal::kTaken && wait.bytes == 0;
    if (done) settle(wait, ErrorCode{});
    return done;
  });
  settleDrained();
}

void Connection::settleDrained() {
  if (!isDrained()) return;
  std::erase_if(extra_->waits, [&](const Wait& wait) {
    if (wait.goal != Goal::kDrained) return false;
    settle(wait, ErrorCode{});
    return true;
  });
}

void Connection::expireWaits(Tick now) {
  if (!extra_ || timeoutSeconds_ == 0) return;
  Tick next = 0;
  // What the kernel holds may last for longer than the timeout: then it takes nothing from us.
  if (blocked_) hasTakenMore();
  const Tick taken = shared_.queues.since(id_);
  std::erase_if(extra_->waits, [&](Wait& wait) {
    if (wait.goal != Goal::kPong) wait.since = std::max(wait.since, taken);
    // A Ping's time begins when it has left.
    if (wait.goal == Goal::kPong && advance(wait.ahead) > 0) wait.since = now;
    const Tick due = ticksLater(wait.since, timeoutSeconds_);
    if (due <= now) {
      settle(wait, ErrorCode::kTimedOut);
      return true;
    }
    next = next == 0 ? due : std::min(next, due);
    return false;
  });
  if (next != 0) setDeadlineBy(next);
}

void Connection::forget(std::int32_t token) {
  if (extra_) std::erase_if(extra_->waits, [=](const Wait& wait) { return wait.token == token; });
}

void Connection::settle(const Wait& wait, ErrorCode code) {
  shared_.events.add(EventKind::kSettled, id_, wait.token, static_cast<std::int32_t>(code));
}

void Connection::settleAll(ErrorCode code) {
  if (!extra_) return;
  for (const Wait& wait : extra_->waits) settle(wait, code);
  extra_.reset();
}

void Connection::setTimeoutSeconds(int seconds) {
  timeoutSeconds_ = seconds;
  showStatus();
}

}  // namespace wss::server
