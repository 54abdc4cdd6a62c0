// SPDX-License-Identifier: MIT
// What the connections of a server share of a turn, because it is slow, and the queues of those who
// wait for their share: first come, first served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "net/loop.h"
#include "server/events/event_batch.h"

namespace wss::server {

/// Something that is counted in a turn of the loop, and begins with 0 in each.
class TurnCount {
 public:
  explicit TurnCount(const net::Loop& loop) : loop_(loop) {}
  [[nodiscard]] std::size_t value() const { return turn_ == loop_.turn() ? value_ : 0; }
  void add(std::size_t count) {
    value_ = value() + count;
    turn_ = loop_.turn();
  }

 private:
  const net::Loop& loop_;
  std::size_t value_ = 0;  ///< in the turn turn_
  std::uint64_t turn_ = 0;
};

/// Connections that wait for a step of their handshake of TLS: each keeps the others waiting for
/// 0.2 ms.
class HandshakeQueue {
 public:
  static constexpr std::size_t kStepsPerTurn = 2;

  /// `loop` must outlive it.
  explicit HandshakeQueue(net::Loop& loop) : loop_(loop), steps_(loop) {}

  /// Whether one more step may be taken in this turn. Who may not, pushes itself; who comes later
  /// does not get in front of those.
  [[nodiscard]] bool mayGoOn() const {
    return (serves_ || ids_.empty()) && steps_.value() < kStepsPerTurn;
  }
  void push(std::int32_t id) { ids_.push_back(id); }
  /// A step is taken.
  void count() { steps_.add(1); }
  [[nodiscard]] bool empty() const { return ids_.empty(); }

  /// Calls `serve` with those whose turn has come; wakes the loop for the others.
  template <typename Serve>
  void serveWith(Serve serve) {
    serves_ = true;
    while (!ids_.empty() && steps_.value() < kStepsPerTurn) {
      const std::int32_t id = ids_.front();
      ids_.pop_front();
      serve(id);
    }
    serves_ = false;
    if (!ids_.empty()) loop_.wake();
  }

 private:
  net::Loop& loop_;
  TurnCount steps_;
  std::deque<std::int32_t> ids_;
  bool serves_ = false;
};

/// Connections that have received more than one turn could take, and what is inflated in a turn.
class BacklogQueue {
 public:
  /// Both must outlive it.
  BacklogQueue(net::Loop& loop, const EventBatch& events)
      : loop_(loop), events_(events), inflated_(loop) {}

  /// Has `id` served in the next turn.
  void push(std::int32_t id) {
    behind_.push_back({id, loop_.turn()});
    loop_.wake();
  }
  [[nodiscard]] bool empty() const { return behind_.empty(); }

  /// Whether one more compressed message may be inflated in this turn. Those that fell behind in
  /// turns before go first.
  [[nodiscard]] bool mayInflate() const {
    constexpr std::size_t kInflatedPerTurn = std::size_t{2} * 1024 * 1024;
    return (serves_ || behind_.empty()) && inflated_.value() < kInflatedPerTurn;
  }
  /// `size`: bytes read and written by that.
  void countInflated(std::size_t size) { inflated_.add(size); }

  /// Calls `serve`, once a turn, with those who have fallen behind before it, until the batch is
  /// full; wakes the loop for the others.
  template <typename Serve>
  void serveWith(Serve serve) {
    const bool served = std::exchange(servedTurn_, loop_.turn()) == loop_.turn();
    serves_ = true;
    while (!served && hasOlder() && !events_.full()) {
      const std::int32_t id = behind_.front().id;
      behind_.pop_front();
      serve(id);
    }
    serves_ = false;
    if (!behind_.empty()) loop_.wake();
  }

 private:
  struct Behind {
    std::int32_t id;
    std::uint64_t turn;  ///< in which it has fallen behind
  };

  [[nodiscard]] bool hasOlder() const {
    return !behind_.empty() && behind_.front().turn != loop_.turn();
  }

  net::Loop& loop_;
  const EventBatch& events_;
  TurnCount inflated_;
  std::deque<Behind> behind_;
  std::uint64_t servedTurn_ = 0;
  bool serves_ = false;
};

}  // namespace wss::server
