// SPDX-License-Identifier: MIT
// Connections whose request is for another server: a plain one leaves the core, one under TLS stays
// as a tunnel of what it says.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <string>
#include <string_view>
#include <vector>

#include "tls_peer.h"

namespace wss::test {
namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The end of a tunnel, or a connection, that somebody else has.
class Other {
 public:
  explicit Other(int fd) : fd_(fd) {}
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;
  ~Other() { close(); }

  [[nodiscard]] int fd() const { return fd_; }
  std::size_t offer(std::string_view bytes) const {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  const std::string& received() {
    char buffer[16 * 1024];
    for (ssize_t count = 0; (count = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
      received_.append(buffer, static_cast<std::size_t>(count));
    }
    return received_;
  }
  bool ended() {
    received();
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }
  void finish() const { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  std::string received_;
};

/// Takes what the latest kHandedOver has, whose fields are put into `fields`.
int take(ServerFixture& fixture, std::vector<std::string>* fields = nullptr) {
  const Event& event = fixture.last(EventKind::kHandedOver);
  if (fields != nullptr) *fields = fieldsIn(event.payload);
  mustBe(fixture.server().take(event.value), "a descriptor that is not there");
  mustBe(!fixture.server().take(event.value), "a descriptor that is there twice");
  return event.value;
}

bool isHandedOver(ServerFixture& fixture, std::size_t count = 1) {
  return fixture.until([&] { return fixture.count(EventKind::kHandedOver) == count; });
}

TEST_CASE("a plain connection leaves, with all that has come") {
  ServerFixture fixture;
  fixture.server().setHandsOver(true);
  Peer peer(fixture.port());
  const std::string body(3000, 'b');
  peer.send(kRequest.substr(0, 20));
  fixture.turn(5);
  peer.send(std::string(kRequest.substr(20)) + body);
  REQUIRE(isHandedOver(fixture));
  std::vector<std::string> fields;
  Other other(take(fixture, &fields));
  REQUIRE(fields.size() == 9);
  CHECK(fields[0] == std::string(kRequest) + body);
  CHECK(fields[1].empty());
  // The core does not know it any more.
  CHECK(fixture.until([&] { return fixture.server().openingCount() == 0; }));
  CHECK((::fcntl(other.fd(), F_GETFL) & O_NONBLOCK) != 0);
  peer.send("more");
  fixture.turn(5);
  CHECK(fixture.until([&] { return other.received() == "more"; }));
  other.offer("answer");
  CHECK(fixture.until([&] { return peer.received() == "answer"; }));
  CHECK(isEmpty(fixture));
  CHECK(!peer.ended());
  other.close();
  CHECK(fixture.until([&] { return peer.ended(); }));
}

TEST_CASE("what nobody takes is closed with the server") {
  ServerFixture fixture;
  fixture.server().setHandsOver(true);
  Peer peer(fixture.port());
  peer.send(kRequest);
  REQUIRE(isHandedOver(fixture));
  fixture.destroyServer();
  CHECK(peer.ended());
}

TEST_CASE("what is refused is not handed over; nor is anything where there is nobody") {
  ServerFixture fixture;
  fixture.server().setHandsOver(true);
  Peer smuggler(fixture.port());
  smuggler.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
  CHECK(fixture.until([&] { return smuggler.received().starts_with("HTTP/1.1 400 "); }));
  fixture.server().setHandsOver(false);
  Peer peer(fixture.port());
  peer.send(kRequest);
  CHECK(fixture.until([&] { return peer.received().starts_with("HTTP/1.1 426 "); }));
  CHECK(fixture.count(EventKind::kHandedOver) == 0);
}

/// A connection under TLS that has been handed over.
struct Tunnelled {
  explicit Tunnelled(ServerFixture& fixture, tls::ClientOptions options = credulous())
      : peer(fixture.port(), std::move(options)) {
    const std::size_t before = fixture.count(EventKind::kHandedOver);
    mustBe(fixture.until([&] { return peer.state() == TlsPeer::State::kOpen; }), "no handshake");
    peer.send(kRequest);
    mustBe(isHandedOver(fixture, before + 1), "nothing was handed over");
    id = fixture.last(EventKind::kHandedOver).id;
    fd = take(fixture, &fields);
  }

  TlsPeer peer;
  std::vector<std::string> fields;
  std::int32_t id = 0;
  int fd = -1;
};

struct TlsFixture : ServerFixture {
  explicit TlsFixture(net::Loop::Clock clock = nullptr) : ServerFixture(clock) {
    mustBe(server().setCertificates({makeCertificate("server")}).ok(), "no certificate");
    server().setHandsOver(true);
  }
};

TEST_CASE("a connection under TLS becomes a tunnel, through which all goes in order") {
  TlsFixture fixture;
  Tunnelled tunnelled(fixture);
  Other other(tunnelled.fd);
  REQUIRE(tunnelled.fields.size() == 9);
  CHECK(tunnelled.fields[0].empty());
  CHECK(tunnelled.fields[1] == "127.0.0.1");
  CHECK(tunnelled.fields[3] == "127.0.0.1");
  CHECK(tunnelled.fields[4] == std::to_string(fixture.port()));
  CHECK(tunnelled.fields[5] == "TLSv1.3");
  CHECK(fixture.server().openingCount() == 0);
  CHECK(fixture.server().connectedCount() == 0);
  CHECK(fixture.until([&] { return other.received() == kRequest; }));
  tunnelled.peer.send("more");
  CHECK(fixture.until([&] { return other.received().ends_with("more"); }));
  CHECK(other.offer("answer") == 6);
  CHECK(fixture.until([&] { return tunnelled.peer.received() == "answer"; }));
  other.close();
  CHECK(fixture.until([&] { return tunnelled.peer.state() == TlsPeer::State::kEnded; }));
  tunnelled.peer.socket().close();
  CHECK(isEmpty(fixture));
}

TEST_CASE("who does not read keeps the other side waiting, in both directions") {
  TlsFixture fixture;
  Tunnelled tunnelled(fixture);
  Other other(tunnelled.fd);
  const std::string piece(32 * 1024, 'x');
  // Into the tunnel: at some point neither the tunnel nor the kernel takes more.
  std::size_t sent = 0;
  ByteQueue records;
  for (int still = 0; still < 20; ++still) {
    if (records.empty()) {
      tunnelled.peer.session().send(bytesOf(piece), records);
      sent += piece.size();
    }
    const std::size_t taken = tunnelled.peer.socket().offer(textOf(records.bytes()));
    records.consume(taken);
    if (taken > 0) still = 0;
    fixture.turn(1);
  }
  CHECK(sent > piece.size());
  const auto hasAll = [&] {
    records.consume(tunnelled.peer.socket().offer(textOf(records.bytes())));
    return other.received().size() == kRequest.size() + sent;
  };
  CHECK(fixture.until(hasAll));
  // Out of it.
  std::size_t offered = 0;
  for (int still = 0; still < 20;) {
    const std::size_t before = offered;
    offered += other.offer(piece);
    still = offered == before ? still + 1 : 0;
    fixture.turn(1);
  }
  CHECK(offered > piece.size());
  CHECK(fixture.until([&] { return tunnelled.peer.received().size() == offered; }));
  other.close();
  tunnelled.peer.socket().close();
  CHECK(isEmpty(fixture));
}

TEST_CASE("either side may end before the other") {
  TlsFixture fixture;
  SUBCASE("the client says close_notify, and gets its answer") {
    Tunnelled tunnelled(fixture);
    Other other(tunnelled.fd);
    tunnelled.peer.sayGoodbye();
    CHECK(fixture.until([&] { return other.ended(); }));
    CHECK(other.offer("answer") == 6);
    CHECK(fixture.until([&] { return tunnelled.peer.received() == "answer"; }));
    other.finish();
    CHECK(fixture.until([&] { return tunnelled.peer.socket().ended(); }));
    CHECK(isEmpty(fixture));
  }
  SUBCASE("the client closes its side without a word") {
    Tunnelled tunnelled(fixture);
    Other other(tunnelled.fd);
    tunnelled.peer.socket().finish();
    CHECK(fixture.until([&] { return other.ended(); }));
    CHECK(other.offer("answer") == 6);
    CHECK(fixture.until([&] { return tunnelled.peer.received() == "answer"; }));
    other.close();
    CHECK(isEmpty(fixture));
  }
  SUBCASE("the other server ends, and reads on") {
    Tunnelled tunnelled(fixture);
    Other other(tunnelled.fd);
    other.offer("last");
    other.finish();
    CHECK(fixture.until([&] { return tunnelled.peer.socket().ended(); }));
    CHECK(tunnelled.peer.received() == "last");
    tunnelled.peer.send("more");
    CHECK(fixture.until([&] { return other.received().ends_with("more"); }));
    tunnelled.peer.sayGoodbye();
    CHECK(isEmpty(fixture));
  }
  SUBCASE("the other server has gone when more comes") {
    Tunnelled tunnelled(fixture);
    Other(tunnelled.fd).close();
    CHECK(fixture.until([&] { return tunnelled.peer.socket().ended(); }));
    tunnelled.peer.socket().close();
    CHECK(isEmpty(fixture));
  }
  SUBCASE("the client resets") {
    Tunnelled tunnelled(fixture);
    Other other(tunnelled.fd);
    tunnelled.peer.socket().reset();
    CHECK(fixture.until([&] { return other.ended(); }));
    CHECK(isEmpty(fixture));
  }
  SUBCASE("a record of TLS is broken") {
    Tunnelled tunnelled(fixture);
    Other other(tunnelled.fd);
    tunnelled.peer.socket().send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
    CHECK(fixture.until([&] { return other.ended(); }));
    tunnelled.peer.socket().close();
    CHECK(isEmpty(fixture));
  }
  SUBCASE("the server ends") {
    Tunnelled tunnelled(fixture);
    Other other(tunnelled.fd);
    fixture.destroyServer();
    CHECK(other.ended());
  }
}

TEST_CASE("a client that does not take what it is sent is cut after SendTimeout") {
  TlsFixture fixture(ManualClock::read);
  fixture.options().sendTimeout = 1;
  Tunnelled tunnelled(fixture);
  Other other(tunnelled.fd);
  const std::string piece(32 * 1024, 'x');
  for (int still = 0; still < 20;) {
    still = other.offer(piece) == 0 ? still + 1 : 0;
    fixture.turn(1);
  }
  fixture.pass(3000);
  CHECK(fixture.until([&] { return other.ended(); }));
  CHECK(isEmpty(fixture));
}

TEST_CASE("what has been handed over counts under TLS, and disconnectAll() leaves it") {
  TlsFixture fixture;
  fixture.options().maxConnections = 1;
  Tunnelled tunnelled(fixture);
  {
    Other other(tunnelled.fd);
    Peer refused(fixture.port());
    CHECK(fixture.until([&] { return refused.ended(); }));
    fixture.server().disconnectAll();
    fixture.turn();
    other.offer("answer");
    CHECK(fixture.until([&] { return tunnelled.peer.received() == "answer"; }));
  }
  CHECK(fixture.until([&] { return tunnelled.peer.socket().ended(); }));
  tunnelled.peer.socket().close();
  CHECK(fixture.until([&] { return fixture.server().find(tunnelled.id) == nullptr; }));
  const Tunnelled next(fixture);
  Other other(next.fd);
  CHECK(fixture.server().find(next.id) != nullptr);
}

TEST_CASE("where MaxConnections has been reached meanwhile, a request under TLS is refused") {
  TlsFixture fixture;
  fixture.options().maxConnections = 1;
  TlsPeer late(fixture.port());
  CHECK(fixture.until([&] { return late.state() == TlsPeer::State::kOpen; }));
  const Tunnelled tunnelled(fixture);
  const Other other(tunnelled.fd);
  late.send(kRequest);
  CHECK(fixture.until([&] { return late.received().starts_with("HTTP/1.1 503 "); }));
}

}  // namespace
}  // namespace wss::test
