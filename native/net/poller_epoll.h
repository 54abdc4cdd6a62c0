// SPDX-License-Identifier: MIT
// The poller of Linux, by epoll(7).
#pragma once

#include <memory>

#include "base/error.h"
#include "net/poller.h"

namespace wss::net {

/// Fails when the system has no descriptor or memory left.
Result<std::unique_ptr<Poller>> makeEpollPoller();

}  // namespace wss::net
