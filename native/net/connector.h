// SPDX-License-Identifier: MIT
// The active side of TCP: begins a connection that a Socket then takes over.
#pragma once

#include "base/error.h"
#include "net/address.h"

namespace wss::net {

/// Begins to connect to `remote`, from `local` unless it is null (a port of 0 in it lets the system
/// pick one), and returns the descriptor, non-blocking and close-on-exec. It becomes writable when
/// the connection stands; when it fails, the first Socket::receive() or send() tells the errno.
/// Fails at once with the code of the errno, such as 10024 for too many open files.
Result<int> startConnecting(const Address& remote, const Address* local);

}  // namespace wss::net
