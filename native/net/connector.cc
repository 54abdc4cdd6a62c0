// SPDX-License-Identifier: MIT
#include "net/connector.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace wss::net {
namespace {

bool bindTo(int fd, const Address& local) {
#ifdef IP_BIND_ADDRESS_NO_PORT
  // The port is picked by connect(), which knows the peer and so may use one port for several.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
  sockaddr_storage storage;
  const socklen_t size = local.toSockaddr(&storage);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
}

bool connectTo(int fd, const Address& remote) {
  sockaddr_storage storage;
  const socklen_t size = remote.toSockaddr(&storage);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ||
         errno == EINPROGRESS || errno == EINTR;
}

/// The error of the call that has just failed on `fd`, which is closed.
Error giveUp(int fd, const char* call, const Address& address) {
  const int failure = errno;
  ::close(fd);
  return systemError(failure, std::string(call) + " " + address.text());
}

}  // namespace

Result<int> startConnecting(const Address& remote, const Address* local) {
  const int fd = ::socket(remote.isIPv4() ? AF_INET : AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) return systemError(errno, "socket");
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);

  if (local != nullptr && !bindTo(fd, *local)) return giveUp(fd, "bind", *local);
  if (!connectTo(fd, remote)) return giveUp(fd, "connect", remote);
  return fd;
}

}  // namespace wss::net
