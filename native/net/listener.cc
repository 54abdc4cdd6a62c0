// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wss::net {
namespace {

constexpr int kAcceptsPerTurn = 64;

int acceptOne(int fd, sockaddr_storage* remote) {
  socklen_t size = sizeof *remote;
#ifdef __linux__
  return ::accept4(fd, reinterpret_cast<sockaddr*>(remote), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
  const int accepted = ::accept(fd, reinterpret_cast<sockaddr*>(remote), &size);
  if (accepted >= 0) {
    ::fcntl(accepted, F_SETFD, FD_CLOEXEC);
    ::fcntl(accepted, F_SETFL, O_NONBLOCK);
  }
  return accepted;
#endif
}

int openReserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

void enable(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

/// The error of the call that has just failed on `fd`, which is closed.
Error giveUp(int fd, const std::string& call) {
  const int failure = errno;
  ::close(fd);
  return systemError(failure, call);
}

}  // namespace

Listener::~Listener() { close(); }

Result<void> Listener::listen(Loop& loop, std::span<const Address> addresses,
                              const ListenOptions& options, ListenerOwner* owner) {
  auto fds = openListening(addresses, options);
  return fds.ok() ? accept(loop, fds.value(), options, owner) : fds.error();
}

Result<void> Listener::accept(Loop& loop, std::span<const int> fds, const ListenOptions& options,
                              ListenerOwner* owner) {
  Result<void> watched;
  for (const int fd : fds) {
    if (!watched.ok()) {
      ::close(fd);
      continue;
    }
    watched = watch(fd, loop, options, owner);
  }
  if (!watched.ok()) close();
  return watched;
}

Result<void> Listener::listen(Loop& loop, std::string_view path, const ListenOptions& options,
                              ListenerOwner* owner) {
  const int fd = openSocket(AF_UNIX);
  if (fd < 0) return systemError(errno, "socket");
  const FolderLock lock(path);
  Result<void> bound = file_.bind(fd, path, options.mode);
  if (!bound.ok()) {
    ::close(fd);
    return bound;
  }
  if (::listen(fd, options.backlog) != 0) {
    const Error error = giveUp(fd, "listen unix:" + std::string(path));
    file_.remove();
    return error;
  }
  Result<void> started = watch(fd, loop, options, owner);
  if (!started.ok()) file_.remove();
  return started;
}

Result<void> Listener::watch(int fd, Loop& loop, const ListenOptions& options,
                             ListenerOwner* owner) {
  if (options.noDelay) enable(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  noDelay_ = options.noDelay;
  Door& door = freeDoor();
  Result<void> added = loop.poller().add(fd, {.readable = true}, door);
  if (!added.ok()) {
    ::close(fd);
    return added;
  }
  loop_ = &loop;
  owner_ = owner;
  door.fd = fd;
  if (reserve_ < 0) reserve_ = openReserve();
  addresses_.push_back(boundAddress(fd));
  return {};
}

Listener::Door& Listener::freeDoor() {
  for (Door& door : doors_) {
    if (door.fd < 0) return door;
  }
  return doors_.emplace_back(*this);
}

void Listener::close() {
  for (Door& door : doors_) {
    if (door.fd < 0) continue;
    loop_->poller().removeShared(door.fd);
    ::close(std::exchange(door.fd, -1));
  }
  addresses_.clear();
  file_.remove();
  if (reserve_ >= 0) ::close(std::exchange(reserve_, -1));
  paused_ = false;
}

void Listener::setPaused(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  for (Door& door : doors_) {
    if (door.fd >= 0) loop_->poller().change(door.fd, {.readable = !paused}, door);
  }
}

void Listener::refuse(int fd) {
  const linger none{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd);
}

void Listener::acceptFrom(const Door& door) {
  for (int count = 0; count < kAcceptsPerTurn && door.fd >= 0 && owner_->mayAccept(); ++count) {
    sockaddr_storage remote{};
    const int accepted = acceptOne(door.fd, &remote);
    if (accepted >= 0) {
      owner_->onAccept(accepted, Address::from(reinterpret_cast<const sockaddr*>(&remote)));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;  // Perhaps another one was faster.
    if (errno == EMFILE || errno == ENFILE) {
      const int failure = errno;
      if (!owner_->makeRoom()) return turnAway(door.fd, failure);
      if (paused_) return;
      continue;
    }
    // Any other error is that of one client, which is gone already (accept(2)): on to the next.
    if (errno != EINTR && errno != ECONNABORTED)
      owner_->onAcceptError(systemError(errno, "accept"), 0);
  }
}

void Listener::turnAway(int fd, int posixErrno) {
  // Otherwise the clients would stay in the backlog, and each run of the loop would find them
  // there.
  int turnedAway = 0;
  if (reserve_ >= 0) {
    ::close(reserve_);
    for (; turnedAway < kAcceptsPerTurn; ++turnedAway) {
      sockaddr_storage remote{};
      const int accepted = acceptOne(fd, &remote);
      if (accepted < 0) break;
      ::close(accepted);
    }
  }
  reserve_ = openReserve();
  owner_->onAcceptError(
      systemError(posixErrno,
                  "accept: raise the limit of open files (ulimit -n) or lower MaxConnections"),
      turnedAway);
}

}  // namespace wss::net
