// SPDX-License-Identifier: MIT
// What the settings of TCP do to the sockets of connections, as the system tells; and listening in
// the file system.
#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/connector.h"
#include "server_fixture.h"

namespace wss::test {
namespace {

/// The server's end of the connection of `peer`, in this very process.
int serverEndOf(const Peer& peer) {
  sockaddr_in client{};
  socklen_t size = sizeof client;
  ::getsockname(peer.fd(), reinterpret_cast<sockaddr*>(&client), &size);
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in remote{};
    size = sizeof remote;
    const bool connected = ::getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &size) == 0;
    if (connected && remote.sin_family == AF_INET && remote.sin_port == client.sin_port) return fd;
  }
  return -1;
}

int optionOf(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, level, option, &value, &size);
  return value;
}

/// The server's end of an open connection.
int openEnd(ServerFixture& fixture, const Peer& peer) {
  mustBe(fixture.until([&] { return fixture.server().connectedCount() == 1; }), "not open");
  return serverEndOf(peer);
}

TEST_CASE("TcpNoDelay: TCP_NODELAY, also when it changes while listening") {
  for (const bool listens : {true, false}) {
    for (const bool connects : {true, false}) {
      ServerFixture fixture;
      fixture.server().stopListening();
      fixture.options().tcpNoDelay = listens;
      REQUIRE(fixture.server().startListening().ok());
      fixture.options().tcpNoDelay = connects;
      Peer peer(fixture.port());
      peer.send(request());
      CHECK((optionOf(openEnd(fixture, peer), IPPROTO_TCP, TCP_NODELAY) != 0) == connects);
    }
  }
}

TEST_CASE("InBufferSize, OutBufferSize: SO_RCVBUF and SO_SNDBUF of new connections") {
  ServerFixture fixture;
  Peer plain(fixture.port());
  plain.send(request());
  const int plainEnd = openEnd(fixture, plain);
  const int receives = optionOf(plainEnd, SOL_SOCKET, SO_RCVBUF);
  const int sends = optionOf(plainEnd, SOL_SOCKET, SO_SNDBUF);

  fixture.options().inBufferSize = 20'000;
  fixture.options().outBufferSize = 30'000;
  Peer peer(fixture.port());
  peer.send(request());
  REQUIRE(fixture.until([&] { return fixture.server().connectedCount() == 2; }));
  // Linux doubles them, for what it needs itself (socket(7)).
  CHECK(optionOf(serverEndOf(peer), SOL_SOCKET, SO_RCVBUF) == 40'000);
  CHECK(optionOf(serverEndOf(peer), SOL_SOCKET, SO_SNDBUF) == 60'000);
  CHECK(optionOf(plainEnd, SOL_SOCKET, SO_RCVBUF) == receives);
  CHECK(optionOf(plainEnd, SOL_SOCKET, SO_SNDBUF) == sends);
}

TEST_CASE(
    "KeepAliveTime, KeepAliveInterval, KeepAliveRetryCount: SO_KEEPALIVE and what goes with it") {
  struct Row {
    int time;
    int interval;
    int retries;
  };
  for (const Row& row : {Row{0, 0, 0}, Row{6500, 3000, 2}, Row{0, 1, 0}, Row{0, 0, 7}}) {
    CAPTURE(row.time);
    ServerFixture fixture;
    fixture.options().keepAliveTime = row.time;
    fixture.options().keepAliveInterval = row.interval;
    fixture.options().keepAliveRetryCount = row.retries;
    Peer peer(fixture.port());
    peer.send(request());
    const int fd = openEnd(fixture, peer);
    const bool probes = row.time + row.interval + row.retries > 0;
    CHECK((optionOf(fd, SOL_SOCKET, SO_KEEPALIVE) != 0) == probes);
    if (row.time > 0) CHECK(optionOf(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 7);
    if (row.interval > 0) {
      CHECK(optionOf(fd, IPPROTO_TCP, TCP_KEEPINTVL) == (row.interval + 999) / 1000);
    }
    if (row.retries > 0) CHECK(optionOf(fd, IPPROTO_TCP, TCP_KEEPCNT) == row.retries);
  }
}

bool isThere(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0;
}

int connectTo(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  mustBe(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
         "a client could not connect");
  return fd;
}

/// A server that is told to listen at `path`.
struct UnixServer : ServerFixture {
  explicit UnixServer(const std::string& path, std::string_view mode = {}) {
    server().stopListening();
    options().localHost = "unix:" + path;
    options().localSocketMode = mode;
  }
};

/// A server that listens on a name.
struct NamedServer : ServerFixture {
  NamedServer(int useIPv6, net::Resolver resolver) {
    server().stopListening();
    server().setResolver(resolver);
    options().localHost = "several.example";
    options().localPort = 0;
    options().useIPv6 = useIPv6;
  }
  /// Whether a client gets a connection at this address.
  bool isAt(std::string_view host) {
    const auto port = static_cast<std::uint16_t>(options().localPort);
    const auto address = net::Address::resolve(host, port, net::Family::kBoth).value();
    auto begun = net::startConnecting(address, nullptr);
    if (!begun.ok()) return false;
    const int fd = begun.value();
    const std::size_t before = server().statistics().connectionsAccepted;
    pollfd connecting{fd, POLLOUT, 0};
    ::poll(&connecting, 1, 60'000);
    const bool connected = (connecting.revents & POLLERR) == 0;
    if (connected) {
      CHECK(until([&] { return server().statistics().connectionsAccepted > before; }));
    }
    ::close(fd);
    return connected;
  }
};

using Addresses = std::vector<net::Address>;

net::Address addressOf(std::string_view host) {
  return net::Address::resolve(host, 0, net::Family::kBoth).value();
}

TEST_CASE("a name is listened on at all of its addresses, but those that this machine lacks") {
  // One in front, as one of IPv6 is where the kernel has none, and one twice.
  NamedServer fixture(2, [](const std::string&) -> Result<Addresses> {
    return Addresses{addressOf("2001:db8::1"), addressOf("127.0.0.1"), addressOf("127.0.0.2"),
                     addressOf("127.0.0.1")};
  });
  fixture.alsoWant(EventKind::kLog);
  for (int round = 0; round < 2; ++round) {
    REQUIRE(fixture.server().startListening().ok());
    fixture.turn();
    CHECK(fixture.options().localPort > 0);
    CHECK(fixture.isAt("127.0.0.1"));
    CHECK(fixture.isAt("127.0.0.2"));
    CHECK_FALSE(fixture.isAt("127.0.0.3"));
    CHECK(fixture.last(EventKind::kLog).payload.starts_with("Listening on 127.0.0.2:"));
    fixture.server().stopListening();
    CHECK_FALSE(fixture.isAt("127.0.0.1"));
    CHECK_FALSE(fixture.isAt("127.0.0.2"));
    fixture.events.clear();
  }
}

TEST_CASE("a name with an address that is taken is not listened on at all") {
  NamedServer fixture(2, [](const std::string&) -> Result<Addresses> {
    return Addresses{addressOf("127.0.0.2"), addressOf("127.0.0.1")};
  });
  const ServerFixture other;
  fixture.options().localPort = other.port();
  const Result<void> started = fixture.server().startListening();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == ErrorCode::kAddressInUse);
  CHECK_FALSE(fixture.server().isListening());
  CHECK_FALSE(fixture.isAt("127.0.0.2"));
}

TEST_CASE("UseIPv6 says which of a name's addresses count") {
  const net::Resolver resolver = [](const std::string&) -> Result<Addresses> {
    return Addresses{addressOf("::1"), addressOf("127.0.0.1")};
  };
  NamedServer ipv4(0, resolver);
  REQUIRE(ipv4.server().startListening().ok());
  CHECK(ipv4.isAt("127.0.0.1"));
  CHECK_FALSE(ipv4.isAt("::1"));
  NamedServer both(2, resolver);
  REQUIRE(both.server().startListening().ok());
  CHECK(both.isAt("127.0.0.1"));

  NamedServer none(
      1, [](const std::string&) -> Result<Addresses> { return Addresses{addressOf("127.0.0.1")}; });
  CHECK(none.server().startListening().error().code == ErrorCode::kNoAddressForName);
  NamedServer foreign(2, [](const std::string&) -> Result<Addresses> {
    return Addresses{addressOf("203.0.113.7"), addressOf("2001:db8::1")};
  });
  CHECK(foreign.server().startListening().error().code == ErrorCode::kAddressNotAvailable);
  NamedServer unknown(2, [](const std::string&) -> Result<Addresses> {
    return makeError(ErrorCode::kHostNotFound, "several.example");
  });
  CHECK(unknown.server().startListening().error().code == ErrorCode::kHostNotFound);
}

TEST_CASE(
    "LocalHost=unix:/path: clients without an address, and the file goes when listening ends") {
  const Folder folder;
  UnixServer fixture(folder.file("s"));
  const int port = fixture.options().localPort;
  REQUIRE(fixture.server().startListening().ok());
  CHECK(fixture.options().localPort == port);
  fixture.alsoWant(EventKind::kConnectionRequest);
  fixture.onEvent = [&](const Event& event) {
    if (event.kind != EventKind::kConnectionRequest) return;
    CHECK(event.payload == "unix:");
    CHECK(event.value == 0);
    fixture.outbox.answerConnection(event.id, true);
  };
  const int fd = connectTo(folder.file("s"));
  const std::string text = request();
  CHECK(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  CHECK(fixture.until([&] { return fixture.server().connectedCount() == 1; }));
  fixture.server().stopListening();
  CHECK_FALSE(isThere(folder.file("s")));
  ::close(fd);
}

TEST_CASE("a socket file is replaced if nobody listens on it, and nothing else is") {
  const Folder folder;
  UnixServer first(folder.file("s"));
  UnixServer second(folder.file("s"));
  REQUIRE(first.server().startListening().ok());
  const Result<void> taken = second.server().startListening();
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == ErrorCode::kAddressInUse);
  CHECK(isThere(folder.file("s")));

  // As it is after a crash: the file is there, and a new server takes its place.
  const std::string saved = folder.file("saved");
  REQUIRE(::link(folder.file("s").c_str(), saved.c_str()) == 0);
  first.server().stopListening();
  REQUIRE(::rename(saved.c_str(), folder.file("s").c_str()) == 0);
  REQUIRE(second.server().startListening().ok());
  ::close(connectTo(folder.file("s")));

  // A file that is not ours any more stays.
  REQUIRE(::unlink(folder.file("s").c_str()) == 0);
  std::FILE* const other = std::fopen(folder.file("s").c_str(), "w");
  REQUIRE(other != nullptr);
  std::fclose(other);
  second.server().stopListening();
  CHECK(isThere(folder.file("s")));
  const Result<void> noSocket = first.server().startListening();
  REQUIRE_FALSE(noSocket.ok());
  CHECK(noSocket.error().code == ErrorCode::kAddressInUse);
}

TEST_CASE("LocalSocketMode: the permissions of the file") {
  for (const auto& [mode, expected] :
       {std::pair<std::string_view, mode_t>{"600", 0600}, {"0666", 0666}}) {
    const Folder folder;
    UnixServer fixture(folder.file("s"), mode);
    REQUIRE(fixture.server().startListening().ok());
    struct stat found{};
    REQUIRE(::stat(folder.file("s").c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == expected);
  }
}

TEST_CASE("paths that cannot be listened on") {
  struct Row {
    std::string path;
    int code;
  };
  for (const Row& row :
       {Row{"", 10022}, Row{"relative", 10022}, Row{"/tmp/" + std::string(120, 'x'), 10063},
        Row{"/no/such/folder/s", 10022}}) {
    CAPTURE(row.path);
    UnixServer fixture(row.path);
    const Result<void> started = fixture.server().startListening();
    REQUIRE_FALSE(started.ok());
    CHECK(static_cast<int>(started.error().code) == row.code);
    CHECK_FALSE(fixture.server().isListening());
  }
}

}  // namespace
}  // namespace wss::test
