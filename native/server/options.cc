// SPDX-License-Identifier: MIT
#include "server/options.h"

#include <sys/socket.h>

namespace wss::server {

Options::Options() : connectionBacklog(SOMAXCONN) {}

}  // namespace wss::server
