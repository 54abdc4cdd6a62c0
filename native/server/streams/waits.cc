// SPDX-License-Identifier: MIT
#include "server/streams/waits.h"

#include <algorithm>

namespace wss::server {

bool Waits::mayPing() const {
  constexpr std::ptrdiff_t kMostPings = 64;
  const auto isPing = [](const Wait& wait) { return wait.goal == Goal::kPong; };
  return std::ranges::count_if(waits_, isPing) < kMostPings;
}

void Waits::onPong(std::int32_t token, const Teller& teller) {
  const auto answered = std::ranges::find_if(waits_, [token](const Wait& wait) {
    return wait.goal == Goal::kPong && wait.token == token;
  });
  if (answered == waits_.end()) return;
  const auto end = answered + 1;
  const auto kept = std::remove_if(waits_.begin(), end, [&](const Wait& wait) {
    if (wait.goal != Goal::kPong) return false;
    teller.settle(wait, ErrorCode{});
    return true;
  });
  waits_.erase(kept, end);
}

void Waits::onTaken(std::size_t count, Tick now, const Teller& teller) {
  // The documented timeout is one of inactivity: any progress starts it anew.
  std::erase_if(waits_, [&](Wait& wait) {
    if (wait.goal == Goal::kPong) return false;
    wait.bytes -= std::min<std::uint64_t>(wait.bytes, count);
    wait.since = now;
    const bool done = wait.goal == Goal::kTaken && wait.bytes == 0;
    if (done) teller.settle(wait, ErrorCode{});
    return done;
  });
}

void Waits::onDrained(const Teller& teller) {
  std::erase_if(waits_, [&](const Wait& wait) {
    if (wait.goal != Goal::kDrained) return false;
    teller.settle(wait, ErrorCode{});
    return true;
  });
}

Tick Waits::expire(Tick now, int seconds, Tick taken, const Flow& flow, const Teller& teller) {
  Tick next = 0;
  std::erase_if(waits_, [&](Wait& wait) {
    if (wait.goal != Goal::kPong) wait.since = std::max(wait.since, taken);
    // A Ping's time begins when it has left.
    if (wait.goal == Goal::kPong && flow.advance(wait.ahead) > 0) wait.since = now;
    const Tick due = ticksLater(wait.since, seconds);
    if (due <= now) {
      teller.settle(wait, ErrorCode::kTimedOut);
      return true;
    }
    next = next == 0 ? due : std::min(next, due);
    return false;
  });
  return next;
}

void Waits::forget(std::int32_t token) {
  std::erase_if(waits_, [=](const Wait& wait) { return wait.token == token; });
}

void Waits::settleAll(ErrorCode code, const Teller& teller) {
  for (const Wait& wait : waits_) teller.settle(wait, code);
  waits_.clear();
}

}  // namespace wss::server
