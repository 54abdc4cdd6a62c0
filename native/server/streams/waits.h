// SPDX-License-Identifier: MIT
// Those who wait until a connection's bytes are on their way, or a Ping is answered. Each has a
// token, which a kSettled event gives back when it is so, or can be so no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "server/events/event_batch.h"
#include "server/streams/flow.h"
#include "server/streams/wait.h"

namespace wss::server {

class Waits {
 public:
  /// Whom to tell, and of whom.
  struct Teller {
    EventBatch& events;
    std::int32_t id;

    void settle(const Wait& wait, ErrorCode code) const {
      events.add(EventRecord::settled(id, wait.token, code));
    }
  };

  /// Waits for `goal`, which is not kPong, with so many bytes in the queue.
  void add(std::int32_t token, Goal goal, std::size_t queued, Tick now) {
    waits_.push_back({token, goal, queued, now});
  }
  /// Whether one more Ping may be sent: a peer that reads and does not answer is not to have us
  /// remember ever more of them.
  [[nodiscard]] bool mayPing() const;
  /// Waits for the Pong of a Ping that has `ahead` to wait for.
  void addPing(std::int32_t token, Tick now, Stretch ahead) {
    waits_.push_back({token, Goal::kPong, 0, now, ahead});
  }

  /// The Pong of the Ping with `token` has come, or of one that nobody waits for. RFC 6455 §5.5.3:
  /// of several Pings a peer need only answer the latest, so those before it are answered too.
  void onPong(std::int32_t token, const Teller& teller);
  /// The kernel has taken so many bytes of the queue.
  void onTaken(std::size_t count, Tick now, const Teller& teller);
  /// kDrained has been reached.
  void onDrained(const Teller& teller);
  /// Settles with kTimedOut those who have waited for `seconds` without progress. Returns when the
  /// next one will have; 0: there is none. `taken`: when bytes of the queue were taken last.
  Tick expire(Tick now, int seconds, Tick taken, const Flow& flow, const Teller& teller);
  /// Whatever waits for `token` does so no more: it is not settled.
  void forget(std::int32_t token);
  /// Settles all of them.
  void settleAll(ErrorCode code, const Teller& teller);

 private:
  std::vector<Wait> waits_;
};

}  // namespace wss::server
