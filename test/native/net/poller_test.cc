// SPDX-License-Identifier: MIT
// The contract of a Poller, which the one on epoll and the one on libuv both keep: this file is
// run with each.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "net/pollers.h"

namespace wss::net {
namespace {

std::unique_ptr<Poller> openPoller() { return std::move(makePoller().value()); }

/// One end of a pair of connected sockets, watched by a poller; the other end is bare.
class Watched final : public Pollable {
 public:
  explicit Watched(Poller& poller) : poller_(poller) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    fd_ = fds[0];
    peer_ = fds[1];
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  ~Watched() {
    if (fd_ >= 0) remove();
    // The poller may have something left to do with what has been removed.
    poller_.dispatch();
    closePeer();
  }

  void add(Readiness interest) { REQUIRE(poller_.add(fd_, interest, *this).ok()); }
  void change(Readiness interest) { poller_.change(fd_, interest, *this); }
  void remove() {
    poller_.remove(fd_);
    ::close(std::exchange(fd_, -1));
  }
  void write(std::string_view bytes) const {
    REQUIRE(::write(peer_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  char read() const {
    char c = 0;
    REQUIRE(::read(fd_, &c, 1) == 1);
    return c;
  }
  void fill() const {
    const std::vector<char> bytes(65'536);
    while (::write(fd_, bytes.data(), bytes.size()) > 0) continue;
  }
  void drainPeer() const {
    std::vector<char> bytes(65'536);
    while (::read(peer_, bytes.data(), bytes.size()) > 0) continue;
  }
  void closePeer() {
    if (peer_ >= 0) ::close(std::exchange(peer_, -1));
  }
  void finishPeer() const { ::shutdown(peer_, SHUT_WR); }

  void onReady(Readiness ready) override {
    reports.push_back(ready);
    if (then) then();
  }

  std::vector<Readiness> reports;
  std::function<void()> then;

 private:
  Poller& poller_;
  int fd_;
  int peer_;
};

TEST_CASE("what is ready is reported, as long as it is") {
  const auto poller = openPoller();
  Watched watched(*poller);
  watched.add({.readable = true});
  poller->dispatch();
  CHECK(watched.reports.empty());
  watched.write("ab");
  for (std::size_t count = 1; count <= 3; ++count) {
    poller->dispatch();
    REQUIRE(watched.reports.size() == count);
    CHECK(watched.reports.back().readable);
    CHECK_FALSE(watched.reports.back().writable);
    CHECK_FALSE(watched.reports.back().broken);
  }
  CHECK(watched.read() == 'a');
  CHECK(watched.read() == 'b');
  poller->dispatch();
  CHECK(watched.reports.size() == 3);
}

TEST_CASE("only what interests is reported, and that may change") {
  const auto poller = openPoller();
  Watched watched(*poller);
  watched.add({});
  watched.write("a");
  poller->dispatch();
  CHECK(watched.reports.empty());

  watched.change({.writable = true});
  poller->dispatch();
  REQUIRE(watched.reports.size() == 1);
  CHECK(watched.reports[0].writable);
  CHECK_FALSE(watched.reports[0].readable);

  watched.change({.readable = true, .writable = true});
  poller->dispatch();
  REQUIRE(watched.reports.size() == 2);
  CHECK(watched.reports[1].writable);
  CHECK(watched.reports[1].readable);

  watched.change({});
  poller->dispatch();
  CHECK(watched.reports.size() == 2);
}

TEST_CASE("a full descriptor is not writable until there is room") {
  const auto poller = openPoller();
  Watched watched(*poller);
  watched.fill();
  watched.add({.writable = true});
  poller->dispatch();
  CHECK(watched.reports.empty());
  watched.drainPeer();
  poller->dispatch();
  REQUIRE(watched.reports.size() == 1);
  CHECK(watched.reports[0].writable);
}

TEST_CASE("the end of what can be read is readable") {
  const auto poller = openPoller();
  Watched watched(*poller);
  watched.add({.readable = true});
  watched.finishPeer();
  poller->dispatch();
  REQUIRE(watched.reports.size() == 1);
  CHECK(watched.reports[0].readable);
  CHECK_FALSE(watched.reports[0].broken);
}

TEST_CASE("a broken descriptor is reported whatever the interest is, and again") {
  for (const Readiness interest :
       {Readiness{}, Readiness{.readable = true}, Readiness{.writable = true}}) {
    CAPTURE(interest.readable);
    CAPTURE(interest.writable);
    const auto poller = openPoller();
    Watched watched(*poller);
    watched.add(interest);
    poller->dispatch();
    watched.reports.clear();
    watched.closePeer();
    for (int i = 0; i < 2; ++i) {
      poller->dispatch();
      REQUIRE_FALSE(watched.reports.empty());
      const Readiness last = watched.reports.back();
      // To those who read or write, that is as good: the call that follows tells.
      CHECK((last.broken || (interest.readable && last.readable) ||
             (interest.writable && last.writable)));
      watched.reports.clear();
    }
  }
}

TEST_CASE("half an end is not reported to those who do not read") {
  const auto poller = openPoller();
  Watched watched(*poller);
  watched.add({});
  watched.finishPeer();
  poller->dispatch();
  CHECK(watched.reports.empty());
}

TEST_CASE("what was removed is not reported any more, and its number may come again") {
  const auto poller = openPoller();
  Watched first(*poller);
  first.add({.readable = true});
  first.write("a");
  first.remove();
  Watched second(*poller);
  second.add({.readable = true});
  poller->dispatch();
  CHECK(first.reports.empty());
  CHECK(second.reports.empty());
  second.write("b");
  poller->dispatch();
  CHECK(first.reports.empty());
  CHECK(second.reports.size() == 1);
}

TEST_CASE("what is reported may remove itself and others, and add more") {
  const auto poller = openPoller();
  Watched first(*poller);
  Watched second(*poller);
  Watched third(*poller);
  Watched* const all[] = {&first, &second, &third};
  std::unique_ptr<Watched> added;
  std::size_t removed = 0;
  for (Watched* const watched : all) {
    watched->add({.readable = true});
    watched->write("x");
    watched->then = [&, watched] {
      if (added) return;
      added = std::make_unique<Watched>(*poller);
      added->add({.readable = true});
      added->write("y");
      for (Watched* const other : all) {
        if (other != watched) other->remove(), ++removed;
      }
      watched->remove();
    };
  }
  poller->dispatch();
  CHECK(removed == 2);
  const std::size_t reports = first.reports.size() + second.reports.size() + third.reports.size();
  poller->dispatch();
  CHECK(reports == first.reports.size() + second.reports.size() + third.reports.size());
  CHECK_FALSE(added->reports.empty());
}

TEST_CASE("the backend is readable when there is something to report") {
  const auto poller = openPoller();
  Watched watched(*poller);
  watched.add({.readable = true});
  poller->dispatch();
  CHECK_FALSE(poller->pending());
  pollfd backend{poller->backendFd(), POLLIN, 0};
  CHECK(::poll(&backend, 1, 0) == 0);
  watched.write("a");
  CHECK(::poll(&backend, 1, 1000) == 1);
  poller->dispatch();
  CHECK(watched.reports.size() == 1);
  watched.read();
  CHECK(::poll(&backend, 1, 0) == 0);
}

TEST_CASE("what is not a descriptor cannot be watched") {
  const auto poller = openPoller();
  class Nobody final : public Pollable {
   public:
    void onReady(Readiness) override { FAIL("nothing to report"); }
  } nobody;
  const Result<void> added = poller->add(1'000'000, {.readable = true}, nobody);
  REQUIRE_FALSE(added.ok());
  CHECK(added.error().code != ErrorCode{});
  poller->dispatch();
}

TEST_CASE("many descriptors") {
  constexpr std::size_t kCount = 300;
  const auto poller = openPoller();
  std::vector<std::unique_ptr<Watched>> all;
  for (std::size_t i = 0; i < kCount; ++i) {
    all.push_back(std::make_unique<Watched>(*poller));
    all.back()->add({.readable = true});
    if (i % 2 == 0) all.back()->write("x");
  }
  poller->dispatch();
  for (std::size_t i = 0; i < kCount; ++i) REQUIRE(all[i]->reports.size() == (i % 2 == 0 ? 1 : 0));
}

}  // namespace
}  // namespace wss::net
