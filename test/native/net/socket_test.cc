// SPDX-License-Identifier: MIT
// What lives on a loop: sockets and listeners.
#include "net/socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/address.h"
#include "net/listener.h"
#include "net/loop.h"
#include "server_fixture.h"

namespace wss::net {
namespace {

std::unique_ptr<Loop> makeLoop() { return std::move(Loop::create().value()); }

/// Logs what it is told: r(eadable), w(ritable), b(roken), c(losed).
class Owner final : public SocketOwner {
 public:
  void onReadable() override {
    log += 'r';
    if (onRead) onRead();
  }
  void onWritable() override { log += 'w'; }
  void onBroken() override { log += 'b'; }
  void onSocketClosed() override { log += 'c'; }

  std::function<void()> onRead;
  std::string log;
};

/// Keeps what is accepted.
class Acceptor final : public ListenerOwner {
 public:
  void onAccept(int fd, const Address& remote) override {
    fds.push_back(fd);
    last = remote;
    if (then) then();
  }
  void onAcceptError(const Error& error, int turnedAway) override {
    errors.push_back(error);
    refused += turnedAway;
  }
  ~Acceptor() {
    for (const int fd : fds) ::close(fd);
  }

  std::vector<int> fds;
  std::vector<Error> errors;
  int refused = 0;
  Address last;
  std::function<void()> then;
};

std::vector<Address> loopback(std::uint16_t port = 0) {
  return {Address::resolve("127.0.0.1", port, Family::kIPv4).value()};
}

/// A socket on a loop, its own or another's, that is connected to a peer.
struct Connected {
  explicit Connected(std::shared_ptr<Loop> shared = makeLoop()) : loop(std::move(shared)) {
    Acceptor acceptor;
    Listener listener;
    REQUIRE(listener.listen(*loop, loopback(), {.backlog = 5}, &acceptor).ok());
    peer = std::make_unique<test::Peer>(listener.addresses().front().port);
    while (acceptor.fds.empty()) loop->run(100);
    REQUIRE(socket.open(*loop, acceptor.fds[0], &owner).ok());
    acceptor.fds.clear();
  }
  ~Connected() {
    if (socket.isOpen()) socket.close();
    loop->run(0);
  }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;

  std::shared_ptr<Loop> loop;
  Owner owner;
  Socket socket;
  std::unique_ptr<test::Peer> peer;
};

TEST_CASE("a socket is told of what it watches for") {
  Connected it;
  it.peer->send("abc");
  it.loop->run(10);
  CHECK(it.owner.log.empty());
  it.socket.watch(true, false);
  it.loop->run(1000);
  CHECK(it.owner.log == "r");
  std::uint8_t bytes[2];
  Transfer transfer = it.socket.receive(bytes);
  CHECK(transfer.status == Transfer::Status::kDone);
  CHECK(transfer.count == 2);
  it.loop->run(1000);
  CHECK(it.owner.log == "rr");
  CHECK(it.socket.receive(bytes).count == 1);
  CHECK(it.socket.receive(bytes).status == Transfer::Status::kWouldBlock);
  it.socket.watch(false, true);
  it.loop->run(1000);
  CHECK(it.owner.log == "rrw");
  it.socket.watch(true, true);
  it.peer->finish();
  it.loop->run(1000);
  CHECK(it.owner.log == "rrwrw");
  CHECK(it.socket.receive(bytes).status == Transfer::Status::kEnded);
}

TEST_CASE("what is left to receive is told of again, and so is the end behind it") {
  Connected it;
  std::uint8_t bytes[4];
  std::size_t limit = 0;
  std::string received;
  it.owner.onRead = [&] {
    if (limit == 0) return;
    const Transfer transfer = it.socket.receive({bytes, limit});
    received += transfer.status == Transfer::Status::kEnded
                    ? "."
                    : std::string(textOf({bytes, transfer.count}));
  };
  it.socket.watch(true, false);
  it.peer->send("abc");
  it.peer->finish();
  for (int turn = 0; turn < 3; ++turn) it.loop->run(1000);
  CHECK(it.owner.log == "rrr");
  limit = 1;
  it.loop->run(1000);
  CHECK(received == "a");
  limit = 4;  // More than there is: only the end is left then.
  it.loop->run(1000);
  CHECK(received == "abc");
  it.loop->run(1000);
  CHECK(received == "abc.");
}

TEST_CASE("two parts are sent as one") {
  Connected it;
  const Transfer transfer = it.socket.send(bytesOf("first "), bytesOf("second"));
  CHECK(transfer.status == Transfer::Status::kDone);
  CHECK(transfer.count == 12);
  CHECK(it.socket.send(bytesOf("!")).count == 1);
  it.socket.finish();
  while (!it.peer->ended()) it.loop->run(1);
  CHECK(it.peer->received() == "first second!");
  CHECK_FALSE(it.peer->wasReset());
}

TEST_CASE("a full socket takes part, then nothing") {
  Connected it;
  const std::string bytes(10'000'000, 'x');
  const Transfer first = it.socket.send(bytesOf(bytes), bytesOf(bytes));
  REQUIRE(first.status == Transfer::Status::kDone);
  CHECK(first.count < 2 * bytes.size());
  while (it.socket.send(bytesOf(bytes)).status == Transfer::Status::kDone) continue;
  CHECK(it.socket.send(bytesOf("x")).status == Transfer::Status::kWouldBlock);
}

TEST_CASE("a reset shows itself to those who read, and is told to those who do not") {
  for (const bool reads : {true, false}) {
    Connected it;
    it.socket.watch(reads, false);
    it.loop->run(0);
    it.peer->reset();
    it.loop->run(1000);
    CHECK(it.owner.log.starts_with(reads ? 'r' : 'b'));
    std::uint8_t byte;
    const Transfer transfer = it.socket.receive({&byte, 1});
    CHECK(transfer.status == Transfer::Status::kFailed);
    CHECK(transfer.error == ECONNRESET);
    CHECK(it.socket.send(bytesOf("x")).status == Transfer::Status::kFailed);
  }
}

TEST_CASE("urgent data does not keep the loop busy") {
  for (const bool reads : {true, false}) {
    CAPTURE(reads);
    Connected it;
    it.socket.watch(reads, false);
    REQUIRE(::send(it.peer->fd(), "!", 1, MSG_OOB) == 1);
    it.owner.onRead = [&] { it.socket.receive(it.loop->receiveBuffer()); };
    for (int i = 0; i < 3; ++i) it.loop->run(10);
    // Whoever is told that the socket is broken closes it.
    if (it.owner.log.ends_with('b')) it.socket.close();
    it.loop->run(0);
    pollfd backend{it.loop->backendFd(), POLLIN, 0};
    CHECK(::poll(&backend, 1, 0) == 0);
  }
}

TEST_CASE("a socket that is closed is told so at the end of the turn, and of nothing else") {
  Connected it;
  it.socket.watch(true, true);
  it.peer->send("x");
  it.owner.onRead = [&] {
    it.socket.close();
    CHECK(it.owner.log == "r");
    CHECK_FALSE(it.socket.isOpen());
  };
  it.loop->run(1000);
  CHECK(it.owner.log == "rc");
  it.loop->run(0);
  CHECK(it.owner.log == "rc");

  Connected other;
  other.socket.close(true);
  CHECK(other.loop->pending());
  CHECK(other.owner.log.empty());
  CHECK(other.peer->wasReset());
  other.loop->run(0);
  CHECK(other.owner.log == "c");
}

TEST_CASE("a socket that another's event has closed is told of nothing that was ready before") {
  Connected first;
  Connected second(first.loop);
  Connected* const both[] = {&first, &second};
  for (Connected* const it : both) {
    it->socket.watch(true, false);
    it->peer->send("x");
    it->owner.onRead = [&] {
      for (Connected* const each : both) each->socket.close();
      for (Connected* const each : both) each->owner.onRead = nullptr;
    };
  }
  first.loop->run(1000);
  const std::string logs = first.owner.log + second.owner.log;
  CHECK((logs == "rcc" || logs == "crc"));
}

TEST_CASE("what was closed is finished without waiting for anything else") {
  Connected it;
  it.socket.close();
  const std::uint64_t start = test::steadyMs();
  it.loop->run(60'000);
  CHECK(it.owner.log == "c");
  CHECK(test::steadyMs() - start < 30'000);
}

TEST_CASE("a descriptor that cannot be watched is closed all the same") {
  const auto loop = makeLoop();
  Owner owner;
  Socket socket;
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  CHECK_FALSE(socket.open(*loop, file, &owner).ok());
  CHECK_FALSE(socket.isOpen());
  CHECK(::fcntl(file, F_GETFD) == -1);
}

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

}  // namespace
}  // namespace wss::net
