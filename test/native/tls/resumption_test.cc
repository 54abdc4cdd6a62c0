// SPDX-License-Identifier: MIT
// Which sessions are resumed, by servers that have the keys of the tickets.
#include <doctest/doctest.h>

#include "tls/contexts/ticket_keys.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using State = Session::State;
using test::authority;
using test::makeCertificate;
using test::MemoryClient;
using test::pump;
using test::ServerEnd;
using Ticket = Owned<SSL_SESSION, SSL_SESSION_free>;

/// Servers whose sessions are each other's, and a client that goes from one to the other.
class Siblings {
 public:
  Siblings() { REQUIRE(keys_->setRandom().ok()); }

  /// What all servers have from now on.
  ContextOptions options;
  /// What the client shows.
  const Certificate* shown = nullptr;
  std::vector<Certificate> shownChain;
  int version = TLS1_3_VERSION;

  /// A connection, with `ticket` if that is not null; the ticket of it.
  Ticket connect(SSL_SESSION* ticket = nullptr, bool ask = false) {
    ContextOptions made = options;
    made.certificates = {certificate_};
    made.ticketKeys = keys_;
    Result<std::shared_ptr<Context>> context = Context::create(std::move(made));
    REQUIRE(context.ok());
    ServerEnd server(context.value(), {.askClient = ask});
    MemoryClient client([&](SSL_CTX* set) { setUp(set); });
    const Ticket copy(ticket == nullptr ? nullptr : SSL_SESSION_dup(ticket));
    SSL_set_session(client.ssl(), copy.get());
    pump(server, client);
    chain = 0;
    if (server.session->state() == State::kAskedClient) {
      const ClientCertificate* const seen = server.session->clientCertificate();
      if (seen != nullptr) chain = seen->certificate.chain().size();
      server.answerClient(true);
      pump(server, client);
    }
    state = server.session->state();
    if (state != State::kOpen) return nullptr;
    resumed = server.session->negotiated().resumed;
    client.write("x");
    pump(server, client);
    // The client ends without a goodbye, and its own session is not to be resumed then.
    return Ticket(SSL_SESSION_dup(SSL_get0_session(client.ssl())));
  }

  // Of the last connection.
  State state = State::kHandshake;
  bool resumed = false;
  std::size_t chain = 0;  ///< how many the client was said to have sent

 private:
  void setUp(SSL_CTX* context) const {
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    if (shown == nullptr) return;
    SSL_CTX_use_certificate(context, shown->leaf().get());
    SSL_CTX_use_PrivateKey(context, shown->key().get());
    for (const Certificate& each : shownChain) SSL_CTX_add1_chain_cert(context, each.leaf().get());
  }

  std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>();
  Certificate certificate_ = makeCertificate("server");
};

TEST_CASE("a session ends with its lifetime, as the server has it that is to resume it") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Siblings siblings;
    siblings.version = version;
    const Ticket ticket = siblings.connect();
    CHECK_FALSE(siblings.resumed);
    CHECK(siblings.connect(ticket.get()) != nullptr);
    CHECK(siblings.resumed);
    siblings.options.sessionLifetime = 0;
    CHECK(siblings.connect(ticket.get()) != nullptr);
    CHECK_FALSE(siblings.resumed);
  }
}

TEST_CASE("a session of TLS 1.2 ends with its suite") {
  Siblings siblings;
  siblings.version = TLS1_2_VERSION;
  const Ticket ticket = siblings.connect();
  siblings.options.cipherSuites = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
  CHECK(siblings.connect(ticket.get()) != nullptr);
  CHECK_FALSE(siblings.resumed);
}

TEST_CASE("a client that is resumed is verified again, with the chain that it has sent") {
  const Certificate between = makeCertificate("between", &authority());
  // An authority, as its signer says.
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"));
  X509_add_ext(between.leaf().get(), extension.get(), -1);
  X509_sign(between.leaf().get(), authority().key().get(), EVP_sha256());
  const Certificate client = makeCertificate("client", &between);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Siblings siblings;
    siblings.version = version;
    siblings.shown = &client;
    siblings.shownChain = {between};
    siblings.options.authenticateClients = true;
    siblings.options.caCertificates = authority().encoded();
    const Ticket ticket = siblings.connect(nullptr, true);
    CHECK(siblings.chain >= 1);
    const std::size_t sent = siblings.chain;
    CHECK(siblings.connect(ticket.get(), true) != nullptr);
    CHECK(siblings.resumed);
    CHECK(siblings.chain == sent);

    siblings.options.caCertificates = makeCertificate("Another Authority").encoded();
    CHECK(siblings.connect(ticket.get()) == nullptr);
    CHECK(siblings.state == State::kFailed);
  }
}

TEST_CASE("who was accepted in spite of something is resumed while it is the same") {
  const Certificate expired = makeCertificate("expired", &authority(), "EC", -1);
  Siblings siblings;
  siblings.shown = &expired;
  siblings.options.authenticateClients = true;
  siblings.options.caCertificates = authority().encoded();
  siblings.options.securityFlags = kIgnoreTime;
  const Ticket ticket = siblings.connect();
  CHECK(siblings.connect(ticket.get()) != nullptr);
  CHECK(siblings.resumed);
  siblings.options.securityFlags = 0;
  CHECK(siblings.connect(ticket.get()) == nullptr);
}

TEST_CASE("a chain that no ticket has room for is sent again") {
  const Certificate client = makeCertificate("client", &authority());
  Siblings siblings;
  siblings.shown = &client;
  for (int i = 0; i < 40; ++i) siblings.shownChain.push_back(makeCertificate("filler"));
  siblings.options.authenticateClients = true;
  siblings.options.caCertificates = authority().encoded();
  const Ticket ticket = siblings.connect();
  REQUIRE(ticket != nullptr);
  CHECK(siblings.connect(ticket.get()) != nullptr);
  CHECK_FALSE(siblings.resumed);
}

}  // namespace
}  // namespace wss::tls
