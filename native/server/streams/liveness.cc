// SPDX-License-Identifier: MIT
#include "server/streams/liveness.h"

#include <algorithm>

namespace wss::server {
namespace {

/// What a peer that is being closed has to take in a second to get more time: so slow lines have
/// theirs, and one who takes as little as it can is gone after a time that its queue bounds.
constexpr std::int64_t kLeastPerSecond = std::int64_t{8} * 1024;

}  // namespace

Liveness::Outcome Liveness::check(Tick now, const Limits& limits, const Condition& condition,
                                  Flow& flow) {
  const int idle = limits.idleTimeout;
  const int interval = limits.pingInterval;
  if (condition.deaf) heard_ = now;

  // Its own, because taking what is sent does not answer a Ping.
  const auto idleDue = [&] {
    const Watched* const watched = flow.watched();
    return ticksLater(watched != nullptr ? std::max(heard_, watched->takenTick) : heard_, idle);
  };
  if (idle > 0 && idleDue() <= now && !takes(now, heard_, flow)) return {Verdict::kIdle, 0};

  const auto pingDue = [&] { return ticksLater(heard_, pinged_ ? 2 * interval : interval); };
  Verdict verdict = Verdict::kAlive;
  Tick next = 0;
  if (interval > 0 && pingDue() <= now) {
    verdict = checkPing(now, limits, condition.blocked, flow, next);
    if (verdict == Verdict::kSilent) return {verdict, 0};
  }
  if (interval > 0) next = std::max(next, pingDue());
  if (idle > 0) next = interval > 0 ? std::min(next, idleDue()) : idleDue();
  return {verdict, next};
}

bool Liveness::takes(Tick now, Tick heard, Flow& flow) {
  Watched* const watched = flow.watched();
  const bool known = watched != nullptr && watched->takenTick >= heard && watched->taken.left() > 0;
  const Stretch all = known ? Stretch{} : flow.underway();
  // The first look cannot know whether it stands still.
  const bool alive = known ? flow.advance(watched->taken) > 0 : all.left() > 0;
  if (!alive) return false;
  Watched& kept = flow.watch();
  if (!known) kept.taken = all;
  kept.takenTick = now;
  return true;
}

Liveness::Verdict Liveness::checkPing(Tick now, const Limits& limits, bool blocked, Flow& flow,
                                      Tick& next) {
  const int interval = limits.pingInterval;
  // As if its silence had lasted for just one interval, however long we could not ping it.
  const Tick pingedNow = now - static_cast<Tick>(interval) * kTicksPerSecond;
  Watched* const watched = flow.watched();
  if (!pinged_ && !blocked) {
    heard_ = pingedNow;
    pinged_ = true;
    if (const Stretch ahead = flow.underway(); ahead.left() > 0 || watched != nullptr) {
      flow.watch().underway = ahead;
      flow.watch().underwaySince = heard_;
    }
    return Verdict::kPing;
  }
  // A Ping that has not left cannot be answered. A peer that takes nothing is SendTimeout's case.
  const bool watches = watched != nullptr && watched->underwaySince == heard_;
  const bool ours = pinged_ ? watches && flow.handed() < watched->underway.end : blocked;
  if (ours && limits.sendTimeout > 0) {
    next = ticksLater(now, interval);
    return Verdict::kAlive;
  }
  if (!pinged_) {
    if (!takes(now, heard_, flow)) return Verdict::kSilent;
    heard_ = now;
    return Verdict::kAlive;
  }
  const bool moves = watches && flow.advance(watched->underway) > 0;
  if (!moves) return Verdict::kSilent;
  watched->underwaySince = heard_ = pingedNow;
  return Verdict::kAlive;
}

void Liveness::beginClosing(int seconds, Flow& flow) {
  const Stretch all = flow.underway();
  const bool isMuch = all.left() > seconds * kLeastPerSecond;
  if (isMuch || flow.watched() != nullptr) flow.watch().underway = all;
}

bool Liveness::mayStillTake(int seconds, Flow& flow) {
  const std::int64_t least = seconds * kLeastPerSecond;
  Watched* const watched = flow.watched();
  return watched != nullptr && watched->underway.left() > least &&
         flow.advance(watched->underway) >= least;
}

}  // namespace wss::server
