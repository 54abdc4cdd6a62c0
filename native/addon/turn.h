// SPDX-License-Identifier: MIT
// What may go on within what: JavaScript, called with a batch, may run the loop, which may call it
// with another. docs/turn.md has what may call what.
#pragma once

#include <cstdint>
#include <memory>

#include "addon/batch.h"
#include "net/loop.h"
#include "server/listening/server.h"

namespace wss::addon {

/// The turns of one ServerObject: how deep they are within each other, and what is due when control
/// comes back from JavaScript, which may have ended this worker: there is neither loop nor server
/// then. All that it is given must outlive it.
class Turn {
 public:
  Turn(Batch& batch, const std::unique_ptr<net::Loop>& loop,
       const std::unique_ptr<server::Server>& server)
      : batch_(batch), loop_(loop), server_(server) {}

  /// JavaScript handles a batch while this lives.
  class Delivery {
   public:
    explicit Delivery(Turn& turn) : turn_(turn) { ++turn_.deliveries_; }
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;
    ~Delivery() {
      turn_.batch_.events().askAgain();
      if (--turn_.deliveries_ == 0) turn_.batch_.takeBack();
    }

   private:
    Turn& turn_;
  };

  /// The handler of a connection waits while this lives: its Close is not answered. 0: of none.
  class Hold {
   public:
    Hold(Turn& turn, std::int32_t id) : turn_(turn) { turn_.server_->hold(id); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
      if (turn_.server_) turn_.server_->unhold();
    }

   private:
    Turn& turn_;
  };

  /// JavaScript has had something done outside of a run of the loop: what that has brought is
  /// handled in the next.
  void wakeForEvents() {
    if (loop_ && !batch_.events().empty()) loop_->wake();
  }

 private:
  Batch& batch_;
  const std::unique_ptr<net::Loop>& loop_;
  const std::unique_ptr<server::Server>& server_;
  int deliveries_ = 0;
};

}  // namespace wss::addon
