// SPDX-License-Identifier: MIT
// However a connection under TLS ends, the server says close_notify, so that its client knows that
// nothing was cut off (RFC 8446 §6.1).
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tls_peer.h"

namespace wss::test {
namespace {

using ws::Opcode;
using State = TlsPeer::State;

/// So long it takes until a deadline of a second has been noticed.
constexpr std::uint64_t kSecond = 1000 + 2 * server::kTickMs;

struct Ending {
  const char* name;
  /// Whether the WebSocket is to be open before.
  bool opens;
  std::function<void(ServerFixture&, TlsPeer&, std::int32_t id)> act;
};

void close(ServerFixture& fixture, TlsPeer& /*peer*/, std::int32_t id) {
  fixture.server().find(id)->disconnect(1001, "going");
}

const std::vector<Ending>& endings() {
  static const std::vector<Ending> all = {
      {"the client says close_notify", true,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) { peer.sayGoodbye(); }},
      {"the client closes its side", true,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) { peer.socket().finish(); }},
      {"the client closes", true,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) {
         peer.send(masked(Opcode::kClose, closePayload(1000)));
       }},
      {"the client breaks the protocol", true,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) { peer.send("\xFF\xFF"); }},
      {"the server closes, and the client says close_notify", true,
       [](ServerFixture& fixture, TlsPeer& peer, std::int32_t id) {
         close(fixture, peer, id);
         peer.sayGoodbye();
       }},
      {"the server closes, and the client does not answer", true,
       [](ServerFixture& fixture, TlsPeer& peer, std::int32_t id) {
         fixture.options().closeTimeout = 1;
         close(fixture, peer, id);
         fixture.pass(kSecond);
       }},
      {"the server closes, and waits for nothing", true,
       [](ServerFixture& fixture, TlsPeer& peer, std::int32_t id) {
         fixture.options().waitForCloseResponse = false;
         close(fixture, peer, id);
       }},
      {"the connection is aborted", true,
       [](ServerFixture& fixture, TlsPeer&, std::int32_t id) {
         fixture.server().find(id)->abort();
       }},
      {"the server is destroyed", true,
       [](ServerFixture& fixture, TlsPeer&, std::int32_t) { fixture.server().stopListening(); }},
      {"no request, but close_notify", false,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) { peer.sayGoodbye(); }},
      {"no request, but an end", false,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) { peer.socket().finish(); }},
      {"a request that is refused", false,
       [](ServerFixture&, TlsPeer& peer, std::int32_t) { peer.send("GET / HTTP/1.1\r\n\r\n"); }},
      {"no request in time", false,
       [](ServerFixture& fixture, TlsPeer&, std::int32_t) { fixture.pass(kSecond); }},
      {"a shutdown before there is a request", false,
       [](ServerFixture& fixture, TlsPeer&, std::int32_t) { fixture.server().disconnectAll(); }},
  };
  return all;
}

bool isShaken(const ServerFixture& fixture) {
  return std::ranges::any_of(fixture.events, [](const Event& event) {
    return event.kind == EventKind::kSSLStatus && event.payload.starts_with("Handshake done");
  });
}

TEST_CASE("TLS ends with close_notify, whoever ends it and why") {
  const tls::Certificate own = makeCertificate("server.example.com");
  for (const std::uint32_t protocol : {tls::kTls12, tls::kTls13}) {
    for (const bool ownRecords : {true, false}) {
      for (const Ending& ending : endings()) {
        CAPTURE(protocol);
        CAPTURE(ownRecords);
        const std::string name(ending.name);
        CAPTURE(name);
        ServerFixture fixture(ManualClock::read);
        fixture.options().sslOwnRecords = ownRecords;
        fixture.alsoWant(EventKind::kSSLStatus);
        fixture.options().defaultConnectionTimeout = ending.opens ? 10 : 1;
        REQUIRE(fixture.server().setCertificates({own}).ok());
        tls::ClientOptions options = credulous();
        options.protocols = protocol;
        TlsPeer peer(fixture.port(), options);
        const std::int32_t id = ending.opens ? open(fixture, peer) : 0;
        // In TLS 1.3 the client is done before the server.
        REQUIRE(fixture.until([&] { return peer.state() == State::kOpen && isShaken(fixture); }));
        ending.act(fixture, peer, id);
        if (std::string_view(ending.name) == "the server is destroyed") {
          fixture.destroyServer();
          CHECK(peer.state() == State::kEnded);
          continue;
        }
        CHECK(fixture.until([&] { return peer.state() == State::kEnded; }));
      }
    }
  }
}

TEST_CASE("who is not let in by its certificate is told by close_notify") {
  for (const std::uint32_t protocol : {tls::kTls12, tls::kTls13}) {
    for (const bool times : {true, false}) {
      ServerFixture fixture(ManualClock::read);
      fixture.options().sslAuthenticateClients = true;
      fixture.options().defaultConnectionTimeout = times ? 1 : 10;
      fixture.alsoWant(EventKind::kSSLClientAuthentication);
      REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
      tls::ClientOptions options = credulous(makeCertificate("client"));
      options.protocols = protocol;
      TlsPeer peer(fixture.port(), options);
      fixture.onEvent = [&](const Event& event) {
        if (times || event.kind != EventKind::kSSLClientAuthentication) return;
        fixture.server().find(event.id)->answerClientAuthentication(false);
      };
      REQUIRE(fixture.until([&] {
        return peer.received().empty() && fixture.count(EventKind::kSSLClientAuthentication) == 1;
      }));
      if (times) fixture.pass(kSecond);
      CHECK(fixture.until([&] { return peer.state() == State::kEnded; }));
    }
  }
}

TEST_CASE("who does not answer a Ping is told by close_notify") {
  ServerFixture fixture(ManualClock::read);
  fixture.options().pingInterval = 1;
  REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
  TlsPeer peer(fixture.port());
  open(fixture, peer);
  fixture.pass(2 * kSecond);
  CHECK(fixture.until([&] { return peer.state() == State::kEnded; }));
  CHECK(fixture.count(EventKind::kDisconnected) == 1);
}

TEST_CASE("a client that has yet to read is not reset for its own close_notify") {
  ServerFixture fixture;
  REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
  TlsPeer peer(fixture.port());
  open(fixture, peer);
  peer.send(masked(Opcode::kClose, closePayload(1000)));
  REQUIRE(fixture.until([&] { return peer.state() == State::kEnded; }));
  peer.sayGoodbye();
  // What is sent to a socket that has been closed is answered by a reset at once.
  CHECK(peer.socket().offer("x") == 1);
  peer.socket().close();
  CHECK(isEmpty(fixture));
}

TEST_CASE("without a certificate for a client, the handshake ends with an alert") {
  for (const std::uint32_t protocol : {tls::kTls12, tls::kTls13}) {
    ServerFixture fixture;
    fixture.alsoWant(EventKind::kSSLConnectionRequest);
    fixture.alsoWant(EventKind::kLog);
    REQUIRE(fixture.server().setCertificates({makeCertificate("server.example.com")}).ok());
    tls::ClientOptions options = credulous();
    options.protocols = protocol;
    TlsPeer peer(fixture.port(), options);
    fixture.onEvent = [&](const Event& event) {
      if (event.kind != EventKind::kSSLConnectionRequest) return;
      fixture.server().find(event.id)->refuseCertificateRequest();
    };
    CHECK(fixture.until([&] { return peer.state() == State::kFailed; }));
    CHECK(peer.session().failure().kind == tls::ClientFailure::Kind::kAlert);
    CHECK(peer.session().failure().detail == 80);
    CHECK(fixture.last(EventKind::kLog).payload.find("has no certificate for the connection") !=
          std::string::npos);
    peer.socket().close();
    CHECK(isEmpty(fixture));
  }
}

}  // namespace
}  // namespace wss::test
