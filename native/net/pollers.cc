// SPDX-License-Identifier: MIT
#include "net/pollers.h"

#include "net/poller_epoll.h"
#include "net/poller_uv.h"

namespace wss::net {

Result<std::unique_ptr<Poller>> makePoller() {
  // The tests have a second program that asks for the other one.
#if defined(__linux__) && !defined(WSSERVER_UV_POLLER)
  return makeEpollPoller();
#else
  return makeUvPoller();
#endif
}

}  // namespace wss::net
