// SPDX-License-Identifier: MIT
// What lives on a loop: sockets.
#include "net/socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "acceptor.h"
#include "net/listener.h"
#include "net/loop.h"
#include "server_fixture.h"

namespace wss::net {
namespace {

using test::Acceptor;
using test::loopback;
using test::makeLoop;

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

}  // namespace
}  // namespace wss::net
