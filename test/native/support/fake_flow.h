// SPDX-License-Identifier: MIT
// What goes out to a peer that is nothing but numbers.
#pragma once

#include <cstdint>
#include <optional>

#include "server/streams/flow.h"

namespace wss::test {

struct FakeFlow final : server::Flow {
  std::int64_t handedBytes = 0;
  std::int64_t queuedBytes = 0;
  std::int64_t kernelBytes = 0;
  std::optional<server::Watched> kept;

  [[nodiscard]] std::int64_t handed() const override { return handedBytes; }
  [[nodiscard]] std::int64_t queued() const override { return queuedBytes; }
  [[nodiscard]] std::int64_t onItsWay() const override { return kernelBytes; }
  [[nodiscard]] server::Watched* watched() override { return kept ? &*kept : nullptr; }
  server::Watched& watch() override { return kept ? *kept : kept.emplace(); }
};

}  // namespace wss::test
