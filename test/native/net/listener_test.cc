// SPDX-License-Identifier: MIT
// Listeners, on sockets of their own and of others.
#include "net/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "acceptor.h"
#include "folder.h"
#include "net/listening_socket.h"
#include "net/socket_file.h"
#include "server_fixture.h"

namespace wss::net {
namespace {

using test::Acceptor;
using test::loopback;
using test::makeLoop;

TEST_CASE("a listener accepts, tells who came, and stops") {
  const auto loop = makeLoop();
  Acceptor acceptor;
  Listener listener;
  CHECK_FALSE(listener.isListening());
  listener.close();
  REQUIRE(listener.listen(*loop, loopback(), {.backlog = 5}, &acceptor).ok());
  CHECK(listener.isListening());
  const std::uint16_t port = listener.addresses().front().port;
  CHECK(port > 0);
  CHECK(listener.addresses().front().text() == "127.0.0.1:" + std::to_string(port));
  test::Peer first(port);
  test::Peer second(port);
  while (acceptor.fds.size() < 2) loop->run(1000);
  CHECK(acceptor.last.host() == "127.0.0.1");
  for (const int fd : acceptor.fds) {
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  listener.close();
  CHECK_FALSE(listener.isListening());
  Listener again;
  CHECK(again.listen(*loop, loopback(port), {.backlog = 5}, &acceptor).ok());
  again.close();
  loop->run(0);
}

TEST_CASE("a listener may be closed while it accepts, and the rest of the clients are reset") {
  const auto loop = makeLoop();
  Acceptor acceptor;
  Listener listener;
  REQUIRE(listener.listen(*loop, loopback(), {.backlog = 5}, &acceptor).ok());
  acceptor.then = [&] { listener.close(); };
  test::Peer first(listener.addresses().front().port);
  test::Peer second(listener.addresses().front().port);
  loop->run(1000);
  loop->run(0);
  CHECK(acceptor.fds.size() == 1);
  CHECK(second.wasReset());
  CHECK_FALSE(first.ended());
}

TEST_CASE("what is refused is reset") {
  const auto loop = makeLoop();
  Acceptor acceptor;
  Listener listener;
  REQUIRE(listener.listen(*loop, loopback(), {.backlog = 5}, &acceptor).ok());
  test::Peer peer(listener.addresses().front().port);
  while (acceptor.fds.empty()) loop->run(1000);
  Listener::refuse(acceptor.fds[0]);
  acceptor.fds.clear();
  CHECK(peer.wasReset());
  listener.close();
  loop->run(0);
}

TEST_CASE("an address of IPv6 takes clients of IPv4 when it is to") {
  for (const bool dualStack : {true, false}) {
    const auto loop = makeLoop();
    Acceptor acceptor;
    Listener listener;
    const std::vector any = {Address::resolve("", 0, Family::kBoth).value()};
    const Result<void> listening =
        listener.listen(*loop, any, {.backlog = 5, .dualStack = dualStack}, &acceptor);
    if (!listening.ok()) {
      MESSAGE("no IPv6 on this machine");
      return;
    }
    if (dualStack) {
      test::Peer peer(listener.addresses().front().port);
      while (acceptor.fds.empty()) loop->run(1000);
      CHECK(acceptor.last.isIPv4());
      CHECK(acceptor.last.host() == "127.0.0.1");
    } else {
      CHECK_THROWS(test::Peer(listener.addresses().front().port));
    }
    listener.close();
    loop->run(0);
  }
}

TEST_CASE("of servers that start at once where one was left behind, one listens") {
  const test::Folder folder;
  const std::string path = folder.file("s");
  for (int round = 0; round < 100; ++round) {
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SocketFile abandoned;
    REQUIRE(abandoned.bind(left, path, -1).ok());
    constexpr int kServers = 4;
    std::barrier barrier(kServers);
    std::atomic<int> listening = 0;
    std::vector<std::thread> servers;
    for (int index = 0; index < kServers; ++index) {
      servers.emplace_back([&] {
        const auto loop = makeLoop();
        Acceptor acceptor;
        Listener listener;
        barrier.arrive_and_wait();
        if (listener.listen(*loop, path, {}, &acceptor).ok()) ++listening;
        barrier.arrive_and_wait();
      });
    }
    for (std::thread& server : servers) server.join();
    CHECK(listening == 1);
    ::close(left);
  }
}

TEST_CASE("a listener accepts on what is open already, leaves it, and may begin again") {
  const auto loop = makeLoop();
  Acceptor acceptor;
  const std::vector<int> fds = openListening(loopback(), {.backlog = 5}).value();
  REQUIRE(fds.size() == 1);
  const std::uint16_t port = boundAddress(fds[0]).port;
  const std::string name = std::to_string(fds[0]);
  for (std::size_t round = 1; round < 4; ++round) {
    Listener listener;
    const std::vector<int> adopted = adoptListening(name).value();
    REQUIRE(listener.accept(*loop, adopted, {}, &acceptor).ok());
    CHECK(listener.addresses().front().port == port);
    test::Peer peer(port);
    while (acceptor.fds.size() < round) loop->run(1000);
    listener.close();
    // Nobody accepts, and nothing is reported for what was watched.
    test::Peer waits(port);
    loop->run(10);
    CHECK(acceptor.fds.size() == round);
    ::close(::accept(fds[0], nullptr, nullptr));
  }
  ::close(fds[0]);
}

TEST_CASE("what shares a socket may find that another was faster") {
  const auto loop = makeLoop();
  Acceptor acceptor;
  const int fd = openListening(loopback(), {.backlog = 5}).value()[0];
  const std::string twice = std::to_string(fd) + "," + std::to_string(fd);
  Listener listener;
  REQUIRE(listener.accept(*loop, adoptListening(twice).value(), {}, &acceptor).ok());
  CHECK(listener.addresses().size() == 2);
  test::Peer peer(boundAddress(fd).port);
  while (acceptor.fds.empty()) loop->run(1000);
  loop->run(0);
  CHECK(acceptor.fds.size() == 1);
  CHECK(acceptor.errors.empty());
  ::close(fd);
}

TEST_CASE("what cannot be accepted on is closed, all of it") {
  const auto loop = makeLoop();
  Acceptor acceptor;
  Listener listener;
  const int fd = openListening(loopback(), {.backlog = 5}).value()[0];
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int wrong[] = {::dup(fd), 99'999, file};
  CHECK_FALSE(listener.accept(*loop, wrong, {}, &acceptor).ok());
  CHECK_FALSE(listener.isListening());
  CHECK(::fcntl(wrong[0], F_GETFD) == -1);
  CHECK(::fcntl(file, F_GETFD) == -1);
  ::close(fd);
}

TEST_CASE("what cannot be adopted: 10022") {
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const std::string& name : {std::string(), std::string(","), std::string("99999"),
                                  std::string("web"), std::to_string(file)}) {
    const auto adopted = adoptListening(name);
    REQUIRE_FALSE(adopted.ok());
    CHECK(adopted.error().code == ErrorCode::kInvalidArgument);
  }
  ::close(file);
  CHECK_FALSE(descriptorNames("127.0.0.1"));
  CHECK(descriptorNames("fd:3").value() == "3");
}

TEST_CASE("the names of systemd's descriptors count from 3") {
  const std::string pid = std::to_string(::getpid());
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_PID", pid.c_str(), 1);
  ::setenv("LISTEN_FDNAMES", "other:web", 1);
  const auto messageOf = [](std::string_view name) {
    const auto adopted = adoptListening(name);
    return adopted.ok() ? std::string() : adopted.error().message;
  };
  // Whatever is open there in this program does not listen.
  CHECK(messageOf("web").find("fd:4: is not") != std::string::npos);
  CHECK(messageOf("none").find("LISTEN_FDNAMES has no such name") != std::string::npos);
  ::setenv("LISTEN_PID", "1", 1);
  CHECK(messageOf("web").find("LISTEN_PID say") != std::string::npos);
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) ::unsetenv(name);
}

}  // namespace
}  // namespace wss::net
