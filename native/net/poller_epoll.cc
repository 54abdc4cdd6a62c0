// SPDX-License-Identifier: MIT
#include "net/poller_epoll.h"

#ifdef __linux__
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace wss::net {
namespace {

constexpr int kEventsPerDispatch = 1024;

class EpollPoller final : public Poller {
 public:
  explicit EpollPoller(int fd) : fd_(fd) {}
  ~EpollPoller() override { ::close(fd_); }
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;

  [[nodiscard]] int backendFd() const override { return fd_; }

  Result<void> add(int fd, Readiness interest, Pollable& owner, Trigger trigger) override {
    epoll_event event = makeEvent(interest, owner, trigger);
    if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0) return {};
    return systemError(errno, "epoll_ctl");
  }

  void change(int fd, Readiness interest, Pollable& owner, Trigger trigger) override {
    epoll_event event = makeEvent(interest, owner, trigger);
    ::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event);
  }

  // Closing the last descriptor of a socket takes it out of the set (epoll(7)).
  void remove(int) override {}

  void removeShared(int fd) override { ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr); }

  void dispatch() override {
    const int count = ::epoll_wait(fd_, events_.data(), kEventsPerDispatch, 0);
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events_[static_cast<std::size_t>(index)];
      static_cast<Pollable*>(event.data.ptr)
          ->onReady({.readable = (event.events & EPOLLIN) != 0,
                     .writable = (event.events & EPOLLOUT) != 0,
                     .ended = (event.events & EPOLLRDHUP) != 0,
                     .broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0});
    }
  }

 private:
  static epoll_event makeEvent(Readiness interest, Pollable& owner, Trigger trigger) {
    epoll_event event{};
    event.events = (interest.readable ? EPOLLIN | EPOLLRDHUP : 0U) |
                   (interest.ended ? EPOLLRDHUP : 0U) | (interest.writable ? EPOLLOUT : 0U) |
                   (trigger == Trigger::kEdge ? EPOLLET : 0U);
    event.data.ptr = &owner;
    return event;
  }

  int fd_;
  std::array<epoll_event, kEventsPerDispatch> events_;
};

}  // namespace

Result<std::unique_ptr<Poller>> makeEpollPoller() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return systemError(errno, "epoll_create1");
  return std::unique_ptr<Poller>(std::make_unique<EpollPoller>(fd));
}

}  // namespace wss::net
#endif
