// SPDX-License-Identifier: MIT
// Connections under TLS: the handshake and its questions, what comes through it, and its ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "server/properties/config.h"
#include "server/properties/properties.h"
#include "tls_peer.h"

namespace wss::test {
namespace {

using ws::Opcode;
using State = TlsPeer::State;

/// A server that has a certificate.
struct Secure {
  tls::Certificate own = makeCertificate("server.example.com");
  ServerFixture fixture;

  explicit Secure(net::Loop::Clock clock = nullptr) : fixture(clock) {
    mustBe(fixture.server().setCertificates({own}).ok(), "no certificate");
  }

  int port() { return fixture.port(); }
  server::Connection& connection(std::int32_t id) { return *fixture.server().find(id); }
  bool have(EventKind kind, std::size_t count = 1) {
    return fixture.until([&] { return fixture.count(kind) == count; });
  }
  /// Every message of the Log and of SSLStatus, each in a line.
  std::string told(EventKind kind) {
    std::string lines;
    for (const Event& event : fixture.events) {
      if (event.kind == kind) lines.append(event.payload).append("\n");
    }
    return lines;
  }
};

TEST_CASE("messages, properties and the closing handshake under TLS") {
  Secure secure;
  TlsPeer peer(secure.port());
  const std::int32_t id = open(secure.fixture, peer);
  CHECK_FALSE(secure.connection(id).negotiated().version.empty());
  peer.send(masked(Opcode::kText, "question"));
  REQUIRE(secure.have(EventKind::kDataIn));
  CHECK(secure.fixture.last(EventKind::kDataIn).payload == "question");

  const std::string large(100'000, 'l');
  secure.fixture.outbox.text(id, "answer");
  secure.fixture.outbox.text(id, large);
  const std::string frames = plain(Opcode::kText, "answer") + plain(Opcode::kText, large);
  REQUIRE(secure.fixture.until([&] { return peer.received().size() >= frames.size(); }));
  CHECK(peer.take() == frames);
  for (int i = 0; i < 3; ++i) peer.send(masked(Opcode::kBinary, large));
  REQUIRE(secure.have(EventKind::kDataIn, 4));
  CHECK(secure.fixture.last(EventKind::kDataIn).payload == large);

  const auto read = [&](std::string_view name) {
    return std::ranges::find(server::propertyTable(), name, &server::Property::name)
        ->read(secure.connection(id));
  };
  using Value = server::PropertyValue;
  CHECK(read("SSLNegotiatedVersion") == Value(std::string("TLSv1.3")));
  CHECK(read("SSLNegotiatedCipherSuite") == Value(std::string("TLS_AES_128_GCM_SHA256")));
  CHECK(read("SSLNegotiatedCipher") == Value(std::string("AES_128_GCM")));
  CHECK(read("SSLNegotiatedCipherStrength") == Value(128));
  CHECK(read("SSLNegotiatedKeyExchange") == Value(std::string("ecdhe_x25519")));
  CHECK(std::get<int>(read("SSLNegotiatedKeyExchangeStrength")) > 0);

  peer.send(masked(Opcode::kClose, closePayload(1000, "done")));
  REQUIRE(disconnected(secure.fixture));
  CHECK(secure.fixture.last(EventKind::kDisconnected).value == 1000);
  REQUIRE(secure.fixture.until([&] { return peer.state() == State::kEnded; }));
  CHECK(peer.take() == plain(Opcode::kClose, closePayload(1000)));
  peer.socket().close();
  CHECK(isEmpty(secure.fixture));
}

TEST_CASE("handshakes take turns: a few in each, first come, first served, and nobody is lost") {
  Secure secure;
  constexpr std::size_t kPerTurn = server::HandshakeQueue::kStepsPerTurn;
  auto context = tls::ClientContext::create(credulous());
  REQUIRE(context.ok());
  ByteQueue hello;
  const auto client = tls::ClientSession::connect(context.value(), nullptr, hello);
  std::vector<std::unique_ptr<Peer>> peers;
  const auto come = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      peers.push_back(std::make_unique<Peer>(secure.port()));
      peers.back()->send(textOf(hello.bytes()));
    }
  };
  /// How many have been answered, all of whom have to be in front of all others.
  const auto answered = [&] {
    const auto isAnswered = [](const auto& peer) { return !peer->received().empty(); };
    const auto first = std::ranges::find_if_not(peers, isAnswered);
    CHECK(std::none_of(first, peers.end(), isAnswered));
    return static_cast<std::size_t>(first - peers.begin());
  };

  come(3 * kPerTurn);
  REQUIRE(secure.fixture.until([&] { return answered() > 0; }));
  CHECK(answered() == kPerTurn);
  // Those who come now, or send more, do not get in front; and who goes is no hindrance, nor gets
  // an answer.
  come(kPerTurn + 1);
  peers[2 * kPerTurn]->finish();
  REQUIRE(secure.fixture.until([&] { return answered() == 2 * kPerTurn; }));
  CHECK(peers[2 * kPerTurn]->ended());
  peers.erase(peers.begin() + 2 * kPerTurn);
  for (std::size_t turns = 3; turns <= 4; ++turns) {
    secure.fixture.turn();
    CHECK(answered() == turns * kPerTurn);
  }
  peers[0]->reset();
  secure.fixture.turn();
  peers.clear();
  CHECK(isEmpty(secure.fixture));
}

TEST_CASE("without certificates again, new connections are without TLS") {
  Secure secure;
  REQUIRE(secure.fixture.server().setCertificates({}).ok());
  Peer peer(secure.port());
  CHECK(secure.connection(secure.fixture.open(peer)).negotiated().version.empty());
}

TEST_CASE("who was to begin with TLS does not go on without") {
  Secure secure;
  Peer peer(secure.port());
  secure.fixture.turn();
  REQUIRE(secure.fixture.server().setCertificates({}).ok());
  peer.send(request());
  CHECK(isEmpty(secure.fixture));
  CHECK(peer.received().empty());
}

TEST_CASE("settings of TLS take effect at once, or not at all") {
  Secure secure;
  server::Server& server = secure.fixture.server();
  REQUIRE(server::writeConfig(server, "SSLEnabledProtocols", "3072").ok());
  TlsPeer older(secure.port());
  const std::int32_t id = open(secure.fixture, older);
  CHECK(secure.connection(id).negotiated().version == "TLSv1.2");
  CHECK(server::writeConfig(server, "SSLEnabledCipherSuites", "none").error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(server::readConfig(server, "SSLEnabledCipherSuites").value() == "*");
  secure.fixture.alsoWant(EventKind::kLog);
  REQUIRE(server::writeConfig(server, "SSLEnabledCipherSuites",
                              "TLS_RSA_WITH_RC4_128_MD5;TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
              .ok());
  secure.fixture.turn();
  CHECK(secure.fixture.last(EventKind::kLog).payload ==
        "SSLEnabledCipherSuites: OpenSSL does not have TLS_RSA_WITH_RC4_128_MD5");
  REQUIRE(server::writeConfig(server, "SSLEnabledCipherSuites", "*").ok());
  CHECK_FALSE(server::writeConfig(server, "TLS13SupportedGroups", "nothing").ok());
  // Lists for TLS 1.2 and for TLS 1.3 are one.
  REQUIRE(server::writeConfig(server, "TLS13SupportedGroups", "").ok());
  REQUIRE(server::writeConfig(server, "TLS12SupportedGroups", "ecdhe_secp384r1").ok());
  TlsPeer other(secure.port());
  const std::int32_t otherId = open(secure.fixture, other);
  CHECK(secure.connection(otherId).negotiated().keyExchange == "ecdhe_secp384r1");
}

TEST_CASE("a session is resumed with another context, as long as the server is the same") {
  Secure secure;
  TlsPeer first(secure.port());
  open(secure.fixture, first);
  REQUIRE(
      secure.fixture.until([&] { return first.received(), first.session().ticket() != nullptr; }));
  REQUIRE(secure.fixture.server().renewTls().ok());
  TlsPeer second(secure.port(), credulous(), first.session().ticket());
  const std::int32_t id = open(secure.fixture, second);
  CHECK(second.session().isResumed());
  CHECK(secure.connection(id).negotiated().resumed);
}

TEST_CASE("SSLConnectionRequest chooses the certificate") {
  Secure secure;
  secure.fixture.alsoWant(EventKind::kSSLConnectionRequest);
  const tls::Certificate other = makeCertificate("other.example.com");
  for (const tls::Certificate* chosen : {&other, static_cast<const tls::Certificate*>(nullptr)}) {
    const tls::Certificate& expected = chosen == nullptr ? secure.own : *chosen;
    const std::size_t asked = secure.fixture.count(EventKind::kSSLConnectionRequest) + 1;
    tls::ClientOptions options = credulous();
    options.serverName = "any.example.com";
    TlsPeer peer(secure.port(), options);
    REQUIRE(secure.have(EventKind::kSSLConnectionRequest, asked));
    const Event question = secure.fixture.last(EventKind::kSSLConnectionRequest);
    const std::vector<std::string> fields = fieldsIn(question.payload);
    REQUIRE(fields.size() == 3);
    CHECK(fields[0] == "any.example.com");
    CHECK(fields[1].find("TLS_AES_128_GCM_SHA256") != std::string::npos);
    CHECK(fields[2].find("ecdsa_secp256r1_sha256") != std::string::npos);
    secure.connection(question.id).answerCertificateRequest(chosen);
    // A second answer is one too many.
    secure.connection(question.id).answerCertificateRequest(chosen);
    const std::int32_t id = open(secure.fixture, peer);
    CHECK(id == question.id);
    CHECK_FALSE(expected.subject().empty());
  }
  // Only who trusts the chosen one gets through.
  tls::ClientOptions options;
  options.serverName = "other.example.com";
  options.authorities = other.encoded();
  TlsPeer strict(secure.port(), options);
  REQUIRE(secure.have(EventKind::kSSLConnectionRequest, 3));
  secure.connection(secure.fixture.last(EventKind::kSSLConnectionRequest).id)
      .answerCertificateRequest(&other);
  open(secure.fixture, strict);
}

TEST_CASE("SSLClientAuthentication decides about the client") {
  Secure secure;
  secure.fixture.options().sslAuthenticateClients = true;
  secure.fixture.options().sslIncludeCertChain = true;
  secure.fixture.alsoWant(EventKind::kSSLClientAuthentication);
  secure.fixture.alsoWant(EventKind::kLog);
  REQUIRE(secure.fixture.server().renewTls().ok());
  const tls::Certificate client = makeCertificate("client");
  const auto ask = [&](TlsPeer& peer) {
    const std::size_t asked = secure.fixture.count(EventKind::kSSLClientAuthentication) + 1;
    CHECK(secure.fixture.until([&] {
      peer.received();
      return secure.fixture.count(EventKind::kSSLClientAuthentication) == asked;
    }));
    return secure.fixture.last(EventKind::kSSLClientAuthentication);
  };
  {
    TlsPeer peer(secure.port(), credulous(client));
    const Event question = ask(peer);
    const std::vector<std::string> fields = fieldsIn(question.payload);
    REQUIRE(fields.size() == 4);
    CHECK(fields[0].starts_with("-----BEGIN CERTIFICATE-----"));
    CHECK(fields[1] == "CN=client");
    CHECK(fields[2] == "CN=client");
    CHECK(fields[3] != "OK");
    CHECK(question.flags == server::kIsRefused);
    secure.connection(question.id).answerClientAuthentication(true);
    secure.connection(question.id).answerClientAuthentication(false);
    open(secure.fixture, peer);
  }
  {
    const Event question = [&] {
      TlsPeer peer(secure.port(), credulous(client));
      const Event asked = ask(peer);
      secure.connection(asked.id).answerClientAuthentication(false);
      CHECK(secure.fixture.until([&] { return peer.state() == State::kEnded; }));
      return asked;
    }();
    CHECK(
        secure.fixture.until([&] { return secure.fixture.server().find(question.id) == nullptr; }));
  }
  for (const bool accepted : {false, true}) {
    // Who shows nothing is asked about too.
    TlsPeer peer(secure.port());
    const Event question = ask(peer);
    CHECK(question.payload.empty());
    CHECK(question.flags == server::kIsRefused);
    secure.connection(question.id).answerClientAuthentication(accepted);
    if (accepted) {
      open(secure.fixture, peer);
      continue;
    }
    CHECK(secure.fixture.until([&] { return peer.state() == State::kEnded; }));
    CHECK(secure.told(EventKind::kLog).find("The client sent no certificate") != std::string::npos);
  }
  // Known to an authority.
  secure.fixture.options().sslCACerts = client.encoded();
  REQUIRE(secure.fixture.server().renewTls().ok());
  TlsPeer peer(secure.port(), credulous(client));
  const Event question = ask(peer);
  CHECK(question.flags == 0);
  CHECK(fieldsIn(question.payload).at(3) == "OK");
}

TEST_CASE("where nobody is asked, authorities decide about the client") {
  Secure secure;
  const tls::Certificate client = makeCertificate("client");
  secure.fixture.options().sslAuthenticateClients = true;
  secure.fixture.options().sslCACerts = client.encoded();
  secure.fixture.options().sslCACertFilePaths = ";/nowhere;";
  REQUIRE(secure.fixture.server().renewTls().ok());
  TlsPeer known(secure.port(), credulous(client));
  open(secure.fixture, known);
  TlsPeer unknown(secure.port(), credulous(makeCertificate("client")));
  REQUIRE(secure.fixture.until([&] { return unknown.state() == State::kFailed; }));
}

TEST_CASE("SSLStatus and the Log tell of the handshake, and of its records if they are wanted") {
  Secure secure;
  secure.fixture.alsoWant(EventKind::kSSLStatus);
  secure.fixture.alsoWant(EventKind::kLog);
  secure.fixture.options().logLevel = 3;
  TlsPeer first(secure.port());
  open(secure.fixture, first);
  const std::string status = secure.told(EventKind::kSSLStatus);
  CHECK(status.find("Handshake done: ") != std::string::npos);
  CHECK(secure.told(EventKind::kLog).find("Handshake done: ") != std::string::npos);
  const auto lines = std::ranges::count(status, '\n');
  secure.fixture.options().logSSLPackets = true;
  TlsPeer second(secure.port());
  open(secure.fixture, second);
  CHECK(std::ranges::count(secure.told(EventKind::kSSLStatus), '\n') > 2 * lines);
}

TEST_CASE("SSLKeyLogFile gets the secrets of each connection") {
  Secure secure;
  std::string path = "/tmp/wsserver-keys-XXXXXX";
  const int file = ::mkstemp(path.data());
  REQUIRE(file >= 0);
  ::close(file);
  secure.fixture.options().sslKeyLogFile = path;
  REQUIRE(secure.fixture.server().renewTls().ok());
  TlsPeer peer(secure.port());
  open(secure.fixture, peer);
  std::ifstream lines(path);
  const std::string written{std::istreambuf_iterator<char>(lines), {}};
  std::remove(path.c_str());
  CHECK(written.find("SERVER_TRAFFIC_SECRET_0 ") != std::string::npos);
}

TEST_CASE("a peer that does not speak TLS is logged and closed") {
  Secure secure;
  secure.fixture.alsoWant(EventKind::kLog);
  Peer peer(secure.port());
  peer.send(request());
  REQUIRE(secure.fixture.until([&] { return peer.ended(); }));
  CHECK(secure.told(EventKind::kLog).find("TLS with 127.0.0.1") != std::string::npos);
  peer.close();
  CHECK(isEmpty(secure.fixture));
  CHECK(secure.fixture.count(EventKind::kDisconnected) == 0);
}

TEST_CASE("ends of an open connection under TLS") {
  Secure secure;
  TlsPeer peer(secure.port());
  const std::int32_t id = open(secure.fixture, peer);
  const auto endsWith = [&](std::string_view text) {
    REQUIRE(disconnected(secure.fixture));
    CHECK(secure.fixture.last(EventKind::kDisconnected).value == 1006);
    CHECK(secure.fixture.last(EventKind::kDisconnected).payload.find(text) != std::string::npos);
  };
  SUBCASE("a goodbye of TLS without a Close frame") {
    peer.sayGoodbye();
    endsWith("without a Close frame");
  }
  SUBCASE("a cut without a goodbye may have been somebody else's") {
    peer.socket().finish();
    endsWith("");
  }
  SUBCASE("a record that cannot be decrypted") {
    peer.socket().send(std::string("\x17\x03\x03\x00\x14", 5) + std::string(20, 'x'));
    endsWith("");
    CHECK(secure.fixture.until([&] { return peer.state() == State::kFailed; }));
  }
  SUBCASE("a Close frame of ours, answered by a goodbye of TLS") {
    secure.connection(id).disconnect(1001, "going");
    REQUIRE(secure.fixture.until([&] { return !peer.received().empty(); }));
    CHECK(peer.take() == plain(Opcode::kClose, closePayload(1001, "going")));
    peer.sayGoodbye();
    endsWith("without a Close frame");
  }
}

TEST_CASE("a handshake that takes too long is cut, and one of a peer that goes is forgotten") {
  Secure secure(ManualClock::read);
  secure.fixture.options().defaultConnectionTimeout = 1;
  secure.fixture.alsoWant(EventKind::kSSLConnectionRequest);
  secure.fixture.alsoWant(EventKind::kLog);
  Peer silent(secure.port());
  TlsPeer parked(secure.port());
  TlsPeer gone(secure.port());
  REQUIRE(secure.have(EventKind::kSSLConnectionRequest, 2));
  gone.socket().reset();
  secure.fixture.pass(1000 + 2 * server::kTickMs);
  REQUIRE(secure.fixture.until([&] { return silent.wasReset() && parked.socket().wasReset(); }));
  CHECK(secure.told(EventKind::kLog).find("took too long") != std::string::npos);
  CHECK(isEmpty(secure.fixture));
}

}  // namespace
}  // namespace wss::test
