// SPDX-License-Identifier: MIT
// The client's side of TLS: whom it trusts, how it ends, and why it fails.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tls/contexts/client_context.h"
#include "tls/openssl/names.h"
#include "tls/sessions/client_session.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::makeCertificate;
using test::ServerEnd;
using Kind = ClientFailure::Kind;
using State = ClientSession::State;

const Certificate& authority() {
  static const Certificate made = makeCertificate("The Authority");
  return made;
}

std::shared_ptr<Context> serverContext(std::uint32_t protocols = kTls12 | kTls13) {
  ContextOptions options;
  options.certificates = {makeCertificate("server.example", &authority())};
  options.protocols = protocols;
  Result<std::shared_ptr<Context>> context = Context::create(std::move(options));
  REQUIRE(context.ok());
  return context.value();
}

/// Of a client that trusts the authority and expects its server.
ClientOptions clientOptions() {
  ClientOptions options;
  options.serverName = "server.example";
  options.authorities = authority().encoded();
  return options;
}

struct ClientEnd {
  explicit ClientEnd(ClientOptions options = clientOptions(),
                     const ClientSession::Ticket& ticket = nullptr) {
    Result<std::shared_ptr<ClientContext>> context = ClientContext::create(std::move(options));
    REQUIRE(context.ok());
    session = ClientSession::connect(context.value(), ticket, out);
    REQUIRE(session != nullptr);
  }

  [[nodiscard]] bool takes() const {
    return session->state() == State::kHandshake || session->state() == State::kOpen;
  }
  void receive(std::string_view ciphertext) {
    std::vector<std::uint8_t> plain(ciphertext.size() + ClientSession::kHeldRecord);
    const std::size_t size = session->receive(bytesOf(ciphertext), plain, out);
    received.append(wss::textOf(Bytes(plain).first(size)));
  }

  std::unique_ptr<ClientSession> session;
  ByteQueue out;
  std::string received;
};

std::string takeAll(ByteQueue& queue) {
  std::string text(wss::textOf(queue.bytes()));
  queue.clear();
  return text;
}

void pump(ServerEnd& server, ClientEnd& client) {
  while (!server.out.empty() || !client.out.empty()) {
    const std::string sent = takeAll(client.out);
    if (!sent.empty() && server.takes()) server.receive(sent);
    const std::string answered = takeAll(server.out);
    if (!answered.empty() && client.takes()) client.receive(answered);
  }
}

TEST_CASE("a client opens, speaks, resumes and says goodbye") {
  for (const std::uint32_t protocols : {kTls12, kTls13}) {
    const auto context = serverContext();
    ClientOptions options = clientOptions();
    options.protocols = protocols;
    options.resume = true;
    ClientSession::Ticket ticket;
    for (const bool again : {false, true}) {
      ServerEnd server(context);
      ClientEnd client(options, ticket);
      client.session->close(client.out);  // Nothing is open yet.
      pump(server, client);
      REQUIRE(client.session->state() == State::kOpen);
      CHECK(client.session->isResumed() == again);
      const bool isOlder = protocols == kTls12;
      CHECK(client.session->negotiated().starts_with(isOlder ? "TLSv1.2, TLS_" : "TLSv1.3, TLS_"));
      client.session->send({}, client.out);
      CHECK(client.out.empty());
      client.session->send(bytesOf("ping"), client.out);
      pump(server, client);
      CHECK(server.received == "ping");
      server.session->send(bytesOf("pong"), server.out);
      pump(server, client);
      CHECK(client.received == "pong");
      // Whoever resumes a session of TLS 1.2 goes on with the ticket that it has.
      if (!again) ticket = client.session->ticket();
      REQUIRE(ticket != nullptr);
      server.session->close(server.out);
      pump(server, client);
      CHECK(client.session->state() == State::kEnded);
      client.session->close(client.out);
      pump(server, client);
      CHECK(server.session->state() == Session::State::kEnded);
    }
  }
}

TEST_CASE("a server must be who it is said to be, known to a trusted authority") {
  const std::string stranger = makeCertificate("Another Authority").encoded();
  struct Row {
    std::string name;
    std::string authorities;
    int detail;  ///< X509_V_OK: it is accepted
    std::string_view words;
  };
  const Row rows[] = {
      {"server.example", authority().encoded(), X509_V_OK, {}},
      {"other.example", authority().encoded(), X509_V_ERR_HOSTNAME_MISMATCH, "hostname mismatch"},
      {"127.0.0.1", authority().encoded(), X509_V_ERR_IP_ADDRESS_MISMATCH, "IP address mismatch"},
      {"server.example", stranger, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "local issuer"},
  };
  for (const Row& row : rows) {
    ClientOptions options = clientOptions();
    options.serverName = row.name;
    options.authorities = row.authorities;
    ServerEnd server(serverContext());
    ClientEnd client(options);
    pump(server, client);
    if (row.detail == X509_V_OK) {
      CHECK(client.session->state() == State::kOpen);
      continue;
    }
    REQUIRE(client.session->state() == State::kFailed);
    const ClientFailure failure = client.session->failure();
    CHECK(failure.kind == Kind::kCertificate);
    CHECK(failure.detail == row.detail);
    CHECK(textOf(failure).find(row.words) != std::string::npos);
    CHECK(server.session->state() == Session::State::kFailed);  // It was told.
  }
}

TEST_CASE("why a client fails before anything is open") {
  struct Row {
    std::string_view received;
    Kind kind;
    std::string_view words;
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", Kind::kNotTls, ""},
      {"\x15\x03\x03\x00\x02\x02\x28"sv, Kind::kAlert, alertName(40)},
      // A ServerHelloDone is not what answers a ClientHello.
      {"\x16\x03\x03\x00\x04\x0E\x00\x00\x00"sv, Kind::kOther, "unexpected message"},
  };
  for (const Row& row : rows) {
    ClientEnd client;
    client.receive(row.received);
    REQUIRE(client.session->state() == State::kFailed);
    CHECK(client.session->failure().kind == row.kind);
    CHECK(textOf(client.session->failure()) == row.words);
    client.out.clear();
    client.session->close(client.out);
    CHECK(client.out.empty());
  }
  CHECK(textOf(ClientFailure{Kind::kOther, 4000}) == "no reason given");
}

TEST_CASE("no version in common: the client has the server's alert") {
  ServerEnd server(serverContext(kTls13));
  ClientOptions options = clientOptions();
  options.protocols = kTls12;
  ClientEnd client(options);
  pump(server, client);
  REQUIRE(client.session->state() == State::kFailed);
  CHECK(client.session->failure().kind == Kind::kAlert);
  CHECK(client.session->failure().detail == SSL_AD_PROTOCOL_VERSION);
}

TEST_CASE("a record that was changed on its way to the client") {
  ServerEnd server(serverContext());
  ClientEnd client;
  pump(server, client);
  server.session->send(bytesOf("hello"), server.out);
  std::string sent = takeAll(server.out);
  sent.back() = static_cast<char>(sent.back() ^ 1);
  client.receive(sent);
  REQUIRE(client.session->state() == State::kFailed);
  CHECK(client.received.empty());
  CHECK(client.session->failure().kind == Kind::kOther);
  CHECK(textOf(client.session->failure()) == "decryption failed or bad record mac");
  CHECK_FALSE(client.out.empty());  // An alert.
}

TEST_CASE("what no client can be made of") {
  const auto codeOf = [](const ClientOptions& options) {
    Result<std::shared_ptr<ClientContext>> context = ClientContext::create(options);
    return context.ok() ? 0 : static_cast<int>(context.error().code);
  };
  ClientOptions options = clientOptions();
  options.certificate = makeCertificate("client");
  CHECK(codeOf(options) == 0);
  options.certificate = Certificate(authority().leaf());
  CHECK(codeOf(options) == 273);
  options.certificate = Certificate(authority().leaf(), test::makeKey("EC"));
  CHECK(codeOf(options) == 273);
  options = clientOptions();
  for (const std::string& authorities : {std::string(), std::string("hello")}) {
    options.authorities = authorities;
    CHECK(codeOf(options) == 271);
  }
  options.verify = false;
  CHECK(codeOf(options) == 0);
}

}  // namespace
}  // namespace wss::tls
