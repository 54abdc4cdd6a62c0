// SPDX-License-Identifier: MIT
// Which poller this system has. Another one is named here, and nowhere else.
#pragma once

#include <memory>

#include "base/error.h"
#include "net/poller.h"

namespace wss::net {

/// Fails when the system has no descriptor or memory left.
Result<std::unique_ptr<Poller>> makePoller();

}  // namespace wss::net
