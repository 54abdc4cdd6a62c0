// SPDX-License-Identifier: MIT
// Listening sockets before a Listener has them: opened, or handed over by another process, such as
// a parent or systemd (sd_listen_fds(3)).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/address.h"

namespace wss::net {

struct ListenOptions {
  int backlog = 1;         ///< clients that may wait to be accepted; the system cuts it
  bool dualStack = false;  ///< an IPv6 address takes IPv4 clients too
  bool exclusive = true;   ///< false: others may listen on the same port, if they say so too
  bool noDelay = true;     ///< accepted sockets inherit TCP_NODELAY
  int mode = -1;           ///< permissions of a socket file; negative: what umask(2) leaves
};

/// A stream socket of a family such as AF_INET that does not wait, or -1 with errno.
int openSocket(int family);

/// Sockets that listen, without waiting and close-on-exec: one for each of `addresses`, which have
/// one port; a port of 0 becomes one that is free for all of them. Of several those that this
/// machine does not have are left out, unless it has none. The caller owns them. Fails with the
/// documented TCP/IP codes (10048 address in use, 10013 access denied, 10047 and 10049 not an
/// address of this machine).
Result<std::vector<int>> openListening(std::span<const Address> addresses,
                                       const ListenOptions& options);

/// What "fd:3", "fd:3,4" or "fd:NAME" names; nothing if `host` does not begin so.
std::optional<std::string_view> descriptorNames(std::string_view host);

/// Duplicates of open descriptors that listen, without waiting and close-on-exec: those of the
/// numbers in `names`, which commas separate, or those that have this name in LISTEN_FDNAMES. The
/// originals stay, close-on-exec too. The caller owns what is returned. Fails with 10022 for what
/// is no number, not open, does not listen, or has not been handed over to this process.
Result<std::vector<int>> adoptListening(std::string_view names);

/// Where `fd` is bound to.
Address boundAddress(int fd);

}  // namespace wss::net
