// SPDX-License-Identifier: MIT
#include "server/settings/options.h"

#include <sys/socket.h>

namespace wss::server {

Options::Options() : connectionBacklog(SOMAXCONN) {}

}  // namespace wss::server
