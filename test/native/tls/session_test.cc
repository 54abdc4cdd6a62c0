// SPDX-License-Identifier: MIT
#include "tls/sessions/session.h"

#include <doctest/doctest.h>

#include "tls/certificates/distinguished_name.h"
#include "tls/contexts/ticket_keys.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using State = Session::State;
using test::authority;
using test::contextOf;
using test::makeCertificate;
using test::MemoryClient;
using test::only;
using test::pump;
using test::ServerEnd;

MemoryClient::SetUp showing(const Certificate& certificate) {
  return [&certificate](SSL_CTX* context) {
    SSL_CTX_use_certificate(context, certificate.leaf().get());
    SSL_CTX_use_PrivateKey(context, certificate.key().get());
  };
}

std::string shownTo(MemoryClient& client) {
  X509* const certificate = SSL_get0_peer_certificate(client.ssl());
  return certificate == nullptr ? "" : tls::nameText(X509_get_subject_name(certificate));
}

TEST_CASE("an echo in pieces of every size, in both versions") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
      ServerEnd server(contextOf());
      MemoryClient client(only(version));
      pump(server, client, piece);
      REQUIRE(server.session->state() == State::kOpen);
      const std::string text(20000, 'x');  // More than a record.
      client.write(text);
      pump(server, client, piece);
      CHECK(server.received == text);
      server.session->send(bytesOf(text), server.out);
      server.session->send({}, server.out);
      pump(server, client);
      CHECK(client.received == text);

      const Negotiated negotiated = server.session->negotiated();
      CHECK(negotiated.version == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
      CHECK(negotiated.cipherBits >= 128);
      CHECK_FALSE(negotiated.keyExchange.empty());

      SSL_shutdown(client.ssl());
      pump(server, client, piece);
      CHECK(server.session->state() == State::kEnded);
      server.session->send(bytesOf("still"), server.out);
      server.session->close(server.out);
      server.session->close(server.out);
      pump(server, client);
      server.session->onEndOfInput();
      CHECK(server.session->state() == State::kEnded);
    }
  }
}

TEST_CASE("a cut is told from an end") {
  ServerEnd server(contextOf());
  MemoryClient client;
  pump(server, client);
  server.session->onEndOfInput();
  REQUIRE(server.session->state() == State::kFailed);
  CHECK(server.session->failure().find("close_notify") != std::string::npos);
  server.session->onEndOfInput();
}

TEST_CASE("what is no TLS") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP"},
      {"CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP"},
      {"hello, this is not TLS at all", "not TLS"},
  };
  for (const auto& [bytes, reason] : rows) {
    ServerEnd server(contextOf());
    server.receive(bytes);
    REQUIRE(server.session->state() == State::kFailed);
    CHECK(server.session->failure().find(reason) != std::string::npos);
  }
}

TEST_CASE("nothing in common") {
  ContextOptions options;
  options.protocols = kTls13;
  ServerEnd server(contextOf(std::move(options)));
  MemoryClient client(only(TLS1_2_VERSION));
  pump(server, client);
  REQUIRE(server.session->state() == State::kFailed);
  CHECK(server.session->negotiated().cipherSuite.empty());
  CHECK(server.session->failure().find("no version of TLS") != std::string::npos);

  ServerEnd picky(contextOf());
  MemoryClient outdated([](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "AES128-SHA");
  });
  pump(picky, outdated);
  REQUIRE(picky.session->state() == State::kFailed);
  CHECK(picky.session->failure().find("no cipher suite in common") != std::string::npos);
}

TEST_CASE("a changed record") {
  ServerEnd server(contextOf());
  MemoryClient client;
  pump(server, client);
  client.write("hello");
  std::string sent = client.take();
  sent.back() = static_cast<char>(sent.back() ^ 1);
  server.receive(sent);
  REQUIRE(server.session->state() == State::kFailed);
  CHECK(server.session->failure() == "A record does not open: it was changed on its way.");
  CHECK_FALSE(server.out.empty());  // An alert.
}

TEST_CASE("a client that asks to renegotiate is refused") {
  ServerEnd server(contextOf());
  MemoryClient client(only(TLS1_2_VERSION));
  pump(server, client);
  REQUIRE(server.session->state() == State::kOpen);
  SSL_renegotiate(client.ssl());
  client.advance();
  SSL_do_handshake(client.ssl());
  pump(server, client);
  CHECK(SSL_version(client.ssl()) == TLS1_2_VERSION);
  CHECK(server.received.empty());
}

TEST_CASE("the ClientHello is told, and another certificate may be shown") {
  const Certificate other = makeCertificate("other", &authority(), "RSA");
  const Certificate withoutKey(other.leaf());
  for (const Certificate* const answer : {static_cast<const Certificate*>(nullptr), &other}) {
    ServerEnd server(contextOf(), {.askCertificate = true});
    MemoryClient client;
    SSL_set_tlsext_host_name(client.ssl(), "the.name");
    pump(server, client);
    REQUIRE(server.session->state() == State::kAskedCertificate);
    const ClientHello& hello = server.session->clientHello();
    CHECK(hello.serverName == "the.name");
    CHECK(hello.cipherSuites.find("TLS_AES_128_GCM_SHA256") != std::string::npos);
    CHECK(hello.signatureAlgorithms.find("rsa_pss_rsae_sha256") != std::string::npos);
    server.answerCertificate(answer);
    pump(server, client);
    REQUIRE(server.session->state() == State::kOpen);
    CHECK(shownTo(client).starts_with(answer == nullptr ? "CN=server" : "CN=other"));
  }
  ServerEnd server(contextOf(), {.askCertificate = true});
  MemoryClient client;
  pump(server, client);
  CHECK(server.session->clientHello().serverName.empty());
  server.answerCertificate(&withoutKey);
  CHECK(server.session->state() == State::kFailed);
}

TEST_CASE("a server name with a NUL in it is none, and the end of the handshake") {
  ServerEnd server(contextOf(), {.askCertificate = true});
  MemoryClient client;
  SSL_set_tlsext_host_name(client.ssl(), "the.name");
  client.advance();
  std::string hello = client.take();
  hello[hello.find("the.name") + 3] = '\0';
  server.receive(hello);
  REQUIRE(server.session->state() == State::kAskedCertificate);
  CHECK(server.session->clientHello().serverName.empty());
  server.answerCertificate(nullptr);
  CHECK(server.session->state() == State::kFailed);
}

TEST_CASE("clients' certificates are verified, asked about, forgiven and refused") {
  const Certificate known = makeCertificate("known", &authority());
  const Certificate expired = makeCertificate("expired", &authority(), "EC", -1);
  const Certificate stranger = makeCertificate("stranger");
  const Certificate early = makeCertificate("early", &authority());
  X509_gmtime_adj(X509_getm_notBefore(early.leaf().get()), 3600);
  const Certificate servers = makeCertificate("servers", &authority());
  const Owned<X509_EXTENSION, X509_EXTENSION_free> usage(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, "serverAuth"));
  X509_add_ext(servers.leaf().get(), usage.get(), -1);
  for (const Certificate* const changed : {&early, &servers}) {
    X509_sign(changed->leaf().get(), authority().key().get(), EVP_sha256());
  }
  // It says that the authority has signed it, which another key has.
  const Certificate forger = makeCertificate("The Authority");
  const Certificate forged = makeCertificate("forged", &forger);
  constexpr std::uint32_t kAllFlags = kIgnoreTime | kAllowUnknownAuthority | kIgnoreUsage;
  ContextOptions options;
  options.authenticateClients = true;
  options.caCertificates = authority().encoded();
  struct Row {
    const Certificate* shown;
    std::uint32_t flags;
    bool ask;
    bool accept;
    State state;
  };
  const Row rows[] = {
      {nullptr, 0, false, false, State::kFailed},
      {nullptr, 0, true, false, State::kFailed},
      {nullptr, 0, true, true, State::kOpen},
      {&known, 0, false, false, State::kOpen},
      {&known, 0, true, true, State::kOpen},
      {&known, 0, true, false, State::kFailed},
      {&expired, 0, false, false, State::kFailed},
      {&expired, kIgnoreTime, false, false, State::kOpen},
      {&expired, 0, true, true, State::kOpen},
      {&stranger, 0, false, false, State::kFailed},
      {&stranger, kAllowUnknownAuthority, false, false, State::kOpen},
      {&stranger, kIgnoreTime | kIgnoreUsage, false, false, State::kFailed},
      {&early, kAllowUnknownAuthority | kIgnoreUsage, false, false, State::kFailed},
      {&early, kIgnoreTime, false, false, State::kOpen},
      {&servers, kIgnoreTime | kAllowUnknownAuthority, false, false, State::kFailed},
      {&servers, kIgnoreUsage, false, false, State::kOpen},
      {&forged, kAllFlags, false, false, State::kFailed},
  };
  for (const Row& row : rows) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      options.securityFlags = row.flags;
      ServerEnd server(contextOf(options), {.askClient = row.ask});
      MemoryClient client([&](SSL_CTX* context) {
        only(version)(context);
        if (row.shown != nullptr) showing (*row.shown)(context);
      });
      pump(server, client);
      if (server.session->state() == State::kAskedClient) {
        REQUIRE(row.ask);
        const ClientCertificate* const seen = server.session->clientCertificate();
        REQUIRE((seen != nullptr) == (row.shown != nullptr));
        if (seen != nullptr) {
          CHECK(seen->verified == (row.shown == &known));
          CHECK((seen->status == "OK") == (row.shown == &known));
        }
        server.answerClient(row.accept);
        pump(server, client);
      }
      CHECK(server.session->state() == row.state);
    }
  }
}

TEST_CASE("tickets: a session is resumed, also by a server with the same keys") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = contextOf();
    const auto sibling = contextOf();
    const auto stranger = contextOf();
    REQUIRE(sibling->options().ticketKeys->set(context->ticketKeys().bytes()).ok());
    ServerEnd first(context);
    MemoryClient client(only(version));
    pump(first, client);
    CHECK_FALSE(first.session->negotiated().resumed);
    client.write("x");
    pump(first, client);
    const Owned<SSL_SESSION, SSL_SESSION_free> ticket(SSL_get1_session(client.ssl()));
    for (const auto& [where, resumed] :
         {std::pair{context, true}, std::pair{sibling, true}, std::pair{stranger, false}}) {
      ServerEnd server(where);
      MemoryClient again(only(version));
      // A client uses a ticket once.
      const Owned<SSL_SESSION, SSL_SESSION_free> copy(SSL_SESSION_dup(ticket.get()));
      SSL_set_session(again.ssl(), copy.get());
      pump(server, again);
      REQUIRE(server.session->state() == State::kOpen);
      CHECK(server.session->negotiated().resumed == resumed);
    }
  }
  ContextOptions options;
  options.sessionTickets = false;
  ServerEnd server(contextOf(std::move(options)));
  MemoryClient client;
  pump(server, client);
  CHECK(SSL_SESSION_has_ticket(SSL_get0_session(client.ssl())) == 0);
}

TEST_CASE("the Log tells the steps, and the records if that is wished") {
  ServerEnd quiet(contextOf());
  MemoryClient any;
  pump(quiet, any);
  CHECK(quiet.session->takeLog().empty());
  for (const auto log : {Session::Log::kHandshake, Session::Log::kRecords}) {
    ServerEnd server(contextOf(), {.log = log});
    MemoryClient client;
    pump(server, client);
    const std::string told = server.session->takeLog();
    CHECK(told.find("Received ClientHello.") != std::string::npos);
    CHECK(told.find("Handshake done: TLSv1.3") != std::string::npos);
    CHECK((told.find("a record of ") != std::string::npos) == (log == Session::Log::kRecords));
    SSL_shutdown(client.ssl());
    pump(server, client);
    CHECK(server.session->takeLog().find("the alert close_notify") != std::string::npos);
  }
}

TEST_CASE("secrets are told to a key log that was asked for") {
  std::string told;
  ContextOptions options;
  options.keyLog = [&](std::string_view line) { told.append(line).append("\n"); };
  ServerEnd server(contextOf(std::move(options)));
  MemoryClient client;
  pump(server, client);
  CHECK(told.find("SERVER_TRAFFIC_SECRET_0") != std::string::npos);
}

TEST_CASE("a key exchange without a group") {
  ContextOptions options;
  options.certificates = {makeCertificate("rsa", &authority(), "RSA")};
  options.openSslCipherList = "AES128-GCM-SHA256";
  ServerEnd server(contextOf(std::move(options)));
  MemoryClient client(only(TLS1_2_VERSION));
  pump(server, client);
  REQUIRE(server.session->state() == State::kOpen);
  CHECK(server.session->negotiated().keyExchange == "rsa");
  CHECK(server.session->negotiated().keyExchangeBits == 2048);
  CHECK(server.session->negotiated().cipher == "AES_128_GCM");
}

TEST_CASE("settings that OpenSSL does not take") {
  const auto codeOf = [](const std::function<void(ContextOptions&)>& change) {
    ContextOptions options;
    options.certificates = {makeCertificate("server")};
    change(options);
    Result<std::shared_ptr<Context>> context = Context::create(std::move(options));
    return context.ok() ? 0 : static_cast<int>(context.error().code);
  };
  CHECK(codeOf([](ContextOptions&) {}) == 0);
  CHECK(codeOf([](auto& o) { o.cipherSuites = "TLS_NOTHING"; }) == 10022);
  CHECK(codeOf([](auto& o) { o.openSslCipherList = "NOTHING"; }) == 10022);
  CHECK(codeOf([](auto& o) { o.cipherSuites = "TLS_AES_256_GCM_SHA384"; }) == 0);
  CHECK(codeOf([](auto& o) { o.cipherStrength = 256; }) == 0);
  CHECK(codeOf([](auto& o) { o.protocols = 0; }) == 10022);
  CHECK(codeOf([](auto& o) { o.protocols = kTls13 | 1; }) == 10022);
  CHECK(codeOf([](auto& o) { o.certificates.clear(); }) == 282);
  CHECK(codeOf([](auto& o) { o.groups = "nothing"; }) == 10022);
  CHECK(codeOf([](auto& o) { o.groups = "ecdhe_x25519"; }) == 0);
  CHECK(codeOf([](auto& o) { o.signatureAlgorithms = "nothing"; }) == 10022);
  CHECK(codeOf([](auto& o) { o.signatureAlgorithms = "sha256-ecdsa"; }) == 0);
  CHECK(codeOf([](auto& o) { o.certificates = {Certificate(o.certificates[0].leaf())}; }) == 282);
  CHECK(codeOf([](auto& o) {
          o.certificates = {Certificate(o.certificates[0].leaf(), test::makeKey("EC"))};
        }) == 273);
  for (const auto member :
       {&ContextOptions::caCertificates, &ContextOptions::caFile, &ContextOptions::caFolder}) {
    CHECK(codeOf([&](auto& o) {
            o.authenticateClients = true;
            o.*member = "/nowhere/at/all";
          }) == 271);
  }
  CHECK(codeOf([](auto& o) {
          o.authenticateClients = true;
          o.caBundles = {"/nowhere", "/proc/self/status"};
        }) == 271);
  CHECK(codeOf([](auto& o) {
          o.authenticateClients = true;
          o.caBundles = {"/nowhere"};
        }) == 0);
}

}  // namespace
}  // namespace wss::tls
