// SPDX-License-Identifier: MIT
#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <cerrno>
#include <utility>

namespace wss::net {
namespace {

#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;  // macOS has the socket option SO_NOSIGPIPE instead
#endif

#ifdef TCP_KEEPIDLE
constexpr int kKeepAliveTime = TCP_KEEPIDLE;
#else
constexpr int kKeepAliveTime = TCP_KEEPALIVE;  // the name that macOS has for it
#endif

void setInt(int fd, int level, int option, int value) {
  // A refusal is no failure: the system keeps its own value, as documented for the buffer sizes.
  ::setsockopt(fd, level, option, &value, sizeof value);
}

// Not glibc's functions: they let the thread be cancelled within the call, which none of ours is,
// and that costs 2 % of a small message. Under a sanitizer it is they, because it knows what they
// do with a buffer, and nothing of a bare system call.
#if defined(__linux__) && !defined(WSSERVER_SANITIZE)
#define WSSERVER_BARE_CALLS
#endif
ssize_t receiveFrom(int fd, MutableBytes target) {
#if defined(WSSERVER_BARE_CALLS) && defined(SYS_recvfrom)
  return ::syscall(SYS_recvfrom, fd, target.data(), target.size(), 0, nullptr, nullptr);
#else
  return ::recv(fd, target.data(), target.size(), 0);
#endif
}

ssize_t sendTo(int fd, Bytes bytes) {
#if defined(WSSERVER_BARE_CALLS) && defined(SYS_sendto)
  return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), kNoSignal, nullptr, 0);
#else
  return ::send(fd, bytes.data(), bytes.size(), kNoSignal);
#endif
}

Transfer outcome(ssize_t count) {
  if (count > 0) return {Transfer::Status::kDone, static_cast<std::size_t>(count)};
  if (count == 0) return {Transfer::Status::kEnded};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transfer::Status::kWouldBlock};
  return {Transfer::Status::kFailed, 0, errno};
}

int unreadOf(int fd) {
  int size = 0;
  return ::ioctl(fd, FIONREAD, &size) == 0 ? size : 0;
}

/// Whether something is left to receive from a peer that has closed without a reset. A socket in
/// the file system is then closed in both directions, where TCP closes one.
bool hasBytesBeforeEnd(int fd) {
  pollfd errors{fd, 0, 0};
  return ::poll(&errors, 1, 0) >= 0 && (errors.revents & POLLERR) == 0 && unreadOf(fd) > 0;
}

}  // namespace

Result<std::array<int, 2>> openPair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) != 0) {
    return systemError(errno, "socketpair");
  }
  for (const int fd : fds) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  return fds;
}

Result<int> duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return systemError(errno, "dup");
  ::fcntl(copy, F_SETFL, O_NONBLOCK);
  return copy;
}

Address peerOf(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size);
  return Address::from(reinterpret_cast<const sockaddr*>(&peer));
}

Result<void> Socket::open(Loop& loop, int fd, SocketOwner* owner, bool readable) {
  reads_ = readable;
  Result<void> added = loop.poller().add(fd, interest(), *this, Poller::Trigger::kEdge);
  if (!added.ok()) {
    ::close(fd);
    return added;
  }
  loop_ = &loop;
  owner_ = owner;
  fd_ = fd;
  return {};
}

void Socket::watch(bool readable, bool writable, bool end) {
  if (reads_ == readable && writes_ == writable && heeds_ == end) return;
  reads_ = readable;
  writes_ = writable;
  heeds_ = end;
  renew();
}

void Socket::renew() { loop_->poller().change(fd_, interest(), *this, Poller::Trigger::kEdge); }

void Socket::onReady(Readiness ready) {
  // In this dispatch the event of another socket may have closed this one.
  if (!isOpen()) return;
  // To those who read, what is broken shows itself in the receive that follows, with its errno.
  const bool unwanted = !reads_ || fragile_;
  if (ready.broken && unwanted && !hasBytesBeforeEnd(fd_)) return owner_->onBroken();
  if (ready.broken && !reads_) return;
  // What comes before the end is left until somebody wants it; till then the end need not be told
  // of again.
  if (ready.ended && heeds_ && unreadOf(fd_) > 0) {
    heeds_ = false;
    renew();
  }
  emptied_ = !ready.readable && !ready.broken && !(ready.ended && heeds_);
  ended_ = ready.ended || ready.broken;
  if (!emptied_) owner_->onReadable();
  if (isOpen() && ready.writable && writes_) owner_->onWritable();
  // The poller will not report what is left again.
  if (isOpen() && !emptied_ && (reads_ || heeds_)) renew();
}

Transfer Socket::receive(MutableBytes target) {
  const Transfer transfer = outcome(receiveFrom(fd_, target));
  const bool more = transfer.count == target.size() || ended_;
  emptied_ = transfer.status != Transfer::Status::kDone || !more;
  return transfer;
}

Transfer Socket::send(Bytes first, Bytes second) {
  if (second.empty()) return outcome(sendTo(fd_, first));
  iovec parts[2] = {{const_cast<std::uint8_t*>(first.data()), first.size()},
                    {const_cast<std::uint8_t*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return outcome(::sendmsg(fd_, &message, kNoSignal));
}

bool Socket::hasUnreadBytes() const { return unreadOf(fd_) > 0; }

std::uint32_t Socket::unsent() const {
  int size = 0;
#ifdef SIOCOUTQ
  const bool known = ::ioctl(fd_, SIOCOUTQ, &size) == 0;
#else
  socklen_t length = sizeof size;
  const bool known = ::getsockopt(fd_, SOL_SOCKET, SO_NWRITE, &size, &length) == 0;
#endif
  return known && size > 0 ? static_cast<std::uint32_t>(size) : 0;
}

void Socket::finish() { ::shutdown(fd_, SHUT_WR); }

void Socket::close(bool reset) {
  if (reset) {
    const linger none{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  }
  loop_->poller().remove(fd_);
  ::close(fd_);
  fd_ = -1;
  loop_->addClosed(*owner_);
}

int Socket::release() {
  loop_->poller().removeShared(fd_);
  loop_->addClosed(*owner_);
  return std::exchange(fd_, -1);
}

Address Socket::localAddress() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::from(reinterpret_cast<const sockaddr*>(&storage));
}

void Socket::setNoDelay(bool on) { setInt(fd_, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }

void Socket::setBufferSizes(int receive, int send) {
  if (receive > 0) setInt(fd_, SOL_SOCKET, SO_RCVBUF, receive);
  if (send > 0) setInt(fd_, SOL_SOCKET, SO_SNDBUF, send);
}

void Socket::setKeepAlive(const KeepAlive& keepAlive) {
  const auto set = [this](int option, int value) {
    if (value > 0) setInt(fd_, IPPROTO_TCP, option, value);
  };
  const auto seconds = [](int ms) { return ms / 1000 + (ms % 1000 > 0 ? 1 : 0); };
  if (keepAlive.timeMs == 0 && keepAlive.intervalMs == 0 && keepAlive.retries == 0) return;
  setInt(fd_, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(kKeepAliveTime, seconds(keepAlive.timeMs));
  set(TCP_KEEPINTVL, seconds(keepAlive.intervalMs));
  set(TCP_KEEPCNT, keepAlive.retries);
}

}  // namespace wss::net
