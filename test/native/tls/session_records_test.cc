// SPDX-License-Identifier: MIT
// A Session whose records are its own, with a client that is OpenSSL: the moment of the take-over,
// and everything that may come after it.
#include <doctest/doctest.h>
#include <openssl/err.h>

#include <memory>
#include <string>
#include <vector>

#include "reference.h"
#include "tls/openssl/failure.h"
#include "tls/sessions/session.h"
#include "tls_client.h"

namespace wss::tls {
namespace {

using test::TlsClient;

std::shared_ptr<Context> contextWith(const std::function<void(ContextOptions&)>& change = {}) {
  ContextOptions options;
  options.certificates = {test::selfSigned()};
  if (change) change(options);
  return Context::create(std::move(options)).value();
}

/// A server's Session, and what it has read.
class Server {
 public:
  explicit Server(std::shared_ptr<Context> context, Session::Wishes wishes = {})
      : session(Session::accept(std::move(context), wishes)) {}

  /// In parts of `size` bytes.
  void receive(std::string_view bytes, std::size_t size = SIZE_MAX) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      const auto state = session->state();
      if (state != Session::State::kHandshake && state != Session::State::kOpen) return;
      test::ExactBuffer part(bytesOf(bytes.substr(0, size)));
      std::vector<std::uint8_t> plain(part.bytes().size() + Session::kHeldRecord);
      const std::size_t count = session->receive(part.bytes(), plain, out);
      received.append(textOf(Bytes(plain)).substr(0, count));
    }
  }
  void answerClient(bool accept) {
    std::vector<std::uint8_t> plain(100'000);
    const std::size_t count = session->answerClient(accept, plain, out);
    received.append(textOf(Bytes(plain)).substr(0, count));
  }
  void send(std::string_view bytes) { session->send(bytesOf(bytes), out); }
  std::string read() { return std::exchange(received, {}); }

  std::unique_ptr<Session> session;
  ByteQueue out;
  std::string received;
};

/// Hands over what both have sent, until there is nothing.
void exchange(TlsClient& client, Server& server, std::size_t size = SIZE_MAX) {
  for (bool busy = true; busy;) {
    client.shake();
    const std::string up = client.take();
    server.receive(up, size);
    client.give(std::as_const(server.out).bytes());
    busy = !up.empty() || !server.out.empty();
    server.out.clear();
  }
}

constexpr const char* kSuites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                   "TLS_CHACHA20_POLY1305_SHA256"};

TEST_CASE("both ways, with every suite, with and without records of our own") {
  for (const bool own : {true, false}) {
    const auto context = contextWith([&](ContextOptions& options) { options.ownRecords = own; });
    for (const char* const suite : kSuites) {
      CAPTURE(own);
      CAPTURE(suite);
      TlsClient client({.suites = suite});
      Server server(context);
      exchange(client, server);
      REQUIRE(server.session->state() == Session::State::kOpen);
      CHECK(server.session->ownsRecords() == own);
      const Negotiated negotiated = server.session->negotiated();
      CHECK(negotiated.version == "TLSv1.3");
      CHECK(negotiated.cipherSuite == suite);
      CHECK(negotiated.keyExchange == "ecdhe_x25519");
      CHECK(negotiated.keyExchangeBits > 250);
      CHECK_FALSE(negotiated.resumed);
      for (const std::size_t size : {1u, 20u, 16383u, 16384u, 16385u, 100'000u}) {
        const std::string data(size, 'd');
        client.write(data);
        server.receive(client.take());
        REQUIRE(server.read() == data);
        server.send(data);
        client.give(std::as_const(server.out).bytes());
        server.out.clear();
        REQUIRE(client.read() == data);
      }
      CHECK(client.tickets() == 1);
    }
  }
}

TEST_CASE("what a connection keeps is small") { CHECK(sizeof(Session) + sizeof(Records) <= 512); }

TEST_CASE("the first data comes with the Finished, split anywhere") {
  const auto context = contextWith();
  for (std::size_t size = 1; size < 300; size += size < 60 ? 1 : 17) {
    CAPTURE(size);
    TlsClient client;
    Server server(context);
    client.shake();
    server.receive(client.take());
    client.give(std::as_const(server.out).bytes());
    server.out.clear();
    REQUIRE(client.shake());
    // Finished, and three records behind it.
    client.write("first");
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    client.write("second");
    server.receive(client.take(), size);
    REQUIRE(server.session->ownsRecords());
    CHECK(server.read() == "firstsecond");
    server.send("answer");
    client.give(std::as_const(server.out).bytes());
    CHECK(client.read() == "answer");
  }
}

TEST_CASE("a session is resumed") {
  const auto context = contextWith();
  TlsClient first;
  Server before(context);
  exchange(first, before);
  first.read();
  REQUIRE(first.session() != nullptr);
  for (int round = 0; round < 2; ++round) {
    TlsClient client({.resume = first.session()});
    Server server(context);
    exchange(client, server);
    REQUIRE(server.session->ownsRecords());
    CHECK(server.session->negotiated().resumed);
    CHECK(SSL_session_reused(client.ssl()) == 1);
    client.write("again");
    server.receive(client.take());
    CHECK(server.read() == "again");
    server.send("answer");
    client.give(std::as_const(server.out).bytes());
    CHECK(client.read() == "answer");
  }
}

TEST_CASE("without tickets") {
  const auto context = contextWith([](ContextOptions& options) { options.sessionTickets = false; });
  TlsClient client;
  Server server(context);
  exchange(client, server);
  server.send("data");
  client.give(std::as_const(server.out).bytes());
  CHECK(client.read() == "data");
  CHECK(client.tickets() == 0);
}

TEST_CASE("OpenSSL keeps what Records do not know") {
  TlsClient old({.version = TLS1_2_VERSION});
  TlsClient small({.maxFragment = TLSEXT_max_fragment_length_512});
  for (TlsClient* const client : {&old, &small}) {
    Server server(contextWith());
    exchange(*client, server);
    REQUIRE(server.session->state() == Session::State::kOpen);
    CHECK_FALSE(server.session->ownsRecords());
    const std::string data(5000, 'd');
    client->write(data);
    server.receive(client->take());
    CHECK(server.read() == data);
    server.send(data);
    client->give(std::as_const(server.out).bytes());
    CHECK(client->read() == data);
  }
}

TEST_CASE("the key log of the user has all of it") {
  std::string log;
  const auto context = contextWith([&](ContextOptions& options) {
    options.keyLog = [&](std::string_view line) { log.append(line).append("\n"); };
  });
  TlsClient client;
  Server server(context);
  exchange(client, server);
  CHECK(server.session->ownsRecords());
  for (const char* const label :
       {"SERVER_HANDSHAKE_TRAFFIC_SECRET ", "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
        "SERVER_TRAFFIC_SECRET_0 ", "CLIENT_TRAFFIC_SECRET_0 ", "EXPORTER_SECRET "}) {
    CAPTURE(label);
    CHECK(log.find(label) != std::string::npos);
  }
}

TEST_CASE("both sides change their keys, again and again") {
  const auto context = contextWith();
  TlsClient client;
  Server server(context);
  exchange(client, server);
  for (int round = 0; round < 100; ++round) {
    SSL_key_update(client.ssl(),
                   round % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    client.write("question");
    server.receive(client.take());
    REQUIRE(server.read() == "question");
    server.send("answer");
    client.give(std::as_const(server.out).bytes());
    server.out.clear();
    REQUIRE(client.read() == "answer");
  }
}

TEST_CASE("who says goodbye first") {
  const auto context = contextWith();
  TlsClient leaves;
  Server stays(context);
  exchange(leaves, stays);
  leaves.write("last");
  SSL_shutdown(leaves.ssl());
  stays.receive(leaves.take());
  CHECK(stays.session->state() == Session::State::kEnded);
  CHECK(stays.read() == "last");
  stays.send("answer");
  stays.session->close(stays.out);
  const std::size_t size = stays.out.size();
  stays.session->close(stays.out);
  CHECK(stays.out.size() == size);
  leaves.give(std::as_const(stays.out).bytes());
  CHECK(leaves.read() == "answer");
  CHECK(leaves.error() == SSL_ERROR_ZERO_RETURN);

  TlsClient stayed;
  Server left(context);
  exchange(stayed, left);
  left.session->close(left.out);
  stayed.give(std::as_const(left.out).bytes());
  CHECK(stayed.read().empty());
  CHECK(stayed.error() == SSL_ERROR_ZERO_RETURN);
}

TEST_CASE("a connection is cut off") {
  const auto context = contextWith();
  TlsClient client;
  Server server(context);
  exchange(client, server);
  client.write("half");
  const std::string record = client.take();
  server.receive(record.substr(0, record.size() - 1));
  server.session->onEndOfInput();
  CHECK(server.session->state() == Session::State::kFailed);
  CHECK(server.session->failure() == kTruncated);
}

TEST_CASE("a record is changed: the client is told so") {
  const auto context = contextWith();
  TlsClient client;
  Server server(context);
  exchange(client, server);
  client.write("data");
  std::string record = client.take();
  record.back() = static_cast<char>(record.back() ^ 1);
  server.receive(record);
  CHECK(server.session->state() == Session::State::kFailed);
  CHECK(server.session->failure() == kBadRecord);
  CHECK(server.read().empty());
  client.give(std::as_const(server.out).bytes());
  ERR_clear_error();
  client.read();
  CHECK(client.error() == SSL_ERROR_SSL);
  CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
  ERR_clear_error();
}

TEST_CASE("clients with a certificate: what comes with the question waits") {
  const tls::Certificate certificate = test::selfSigned();
  const auto context =
      contextWith([](ContextOptions& options) { options.authenticateClients = true; });
  for (const bool accept : {true, false}) {
    TlsClient client({.certificate = &certificate});
    Server server(context, {.askClient = true});
    client.shake();
    server.receive(client.take());
    client.give(std::as_const(server.out).bytes());
    server.out.clear();
    REQUIRE(client.shake());
    client.write("early");
    server.receive(client.take());
    REQUIRE(server.session->state() == Session::State::kAskedClient);
    CHECK(server.session->ownsRecords());
    REQUIRE(server.session->clientCertificate() != nullptr);
    CHECK(server.session->clientCertificate()->certificate.subject() == "CN=localhost");
    CHECK(server.read().empty());
    server.answerClient(accept);
    CHECK(server.read() == (accept ? "early" : ""));
    CHECK(server.session->state() == (accept ? Session::State::kOpen : Session::State::kFailed));
    client.give(std::as_const(server.out).bytes());
    client.read();
    CHECK(client.error() == (accept ? SSL_ERROR_WANT_READ : SSL_ERROR_ZERO_RETURN));
  }
}

TEST_CASE("the log tells of records as before") {
  std::string logs[2];
  for (const bool own : {true, false}) {
    const auto context = contextWith([&](ContextOptions& options) { options.ownRecords = own; });
    TlsClient client;
    Server server(context, {.log = Session::Log::kRecords});
    exchange(client, server);
    REQUIRE(server.session->takeLog().find("Handshake done: TLSv1.3") != std::string::npos);
    client.write("data");
    server.receive(client.take());
    server.send(std::string(20'000, 'd'));
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
    client.write("data");
    SSL_shutdown(client.ssl());
    server.receive(client.take());
    server.session->close(server.out);
    logs[own ? 1 : 0] = server.session->takeLog();
  }
  CHECK(logs[0] == logs[1]);
  CHECK(logs[1].find("Received KeyUpdate.") != std::string::npos);
}

}  // namespace
}  // namespace wss::tls
