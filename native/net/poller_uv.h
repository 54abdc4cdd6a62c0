// SPDX-License-Identifier: MIT
// The poller of every other system, by libuv's uv_poll. Knows one trigger: it does what
// Trigger::kLevel says in any case.
#pragma once

#include <memory>

#include "base/error.h"
#include "net/poller.h"

namespace wss::net {

/// Fails when the system has no descriptor or memory left.
Result<std::unique_ptr<Poller>> makeUvPoller();

}  // namespace wss::net
