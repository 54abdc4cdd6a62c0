// SPDX-License-Identifier: MIT
// How what a connection sends gets on: what Liveness and Waits look at.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/connection/connection.h"
#include "server/streams/flow.h"

namespace wss::server {

class Connection::Way final : public Flow {
 public:
  explicit Way(Connection& connection) : its_(connection) {}

 private:
  [[nodiscard]] std::int64_t handed() const override {
    return its_.extra_ ? its_.extra_->handed : 0;
  }
  [[nodiscard]] std::int64_t queued() const override {
    const std::size_t sealed = its_.tls_ ? its_.tls_->sealed.size() : 0;
    return static_cast<std::int64_t>(its_.outgoing_.size() + sealed);
  }
  /// On a unix socket that is one, and counted otherwise.
  [[nodiscard]] std::int64_t onItsWay() const override {
    return its_.remote_.isUnix ? 0 : its_.socket_.unsent();
  }
  [[nodiscard]] Watched* watched() override {
    return its_.extra_ ? &its_.extra_->watched : nullptr;
  }
  Watched& watch() override { return its_.extra().watched; }

  Connection& its_;
};

}  // namespace wss::server
