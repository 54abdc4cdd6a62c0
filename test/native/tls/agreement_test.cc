// SPDX-License-Identifier: MIT
// What a server and its clients agree on: groups, suites, the protocol above.
#include <doctest/doctest.h>

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

ContextOptions withGroups(std::string groups) {
  ContextOptions options;
  options.groups = std::move(groups);
  return options;
}

/// In TLS 1.3, with a share for the first.
MemoryClient::SetUp offering(const char* groups) {
  return [groups](SSL_CTX* context) {
    only(TLS1_3_VERSION)(context);
    SSL_CTX_set1_groups_list(context, groups);
  };
}

TEST_CASE("the server's order of groups decides") {
  struct Row {
    std::string groups;
    const char* offered;
    std::string_view agreed;
  };
  const Row rows[] = {
      {"ecdhe_secp384r1,ecdhe_x25519", "X25519:P-384", "ecdhe_secp384r1"},
      {"ecdhe_x25519,ecdhe_secp384r1", "X25519:P-384", "ecdhe_x25519"},
      {"ecdhe_x25519,ecdhe_secp384r1", "P-384:X25519", "ecdhe_x25519"},
      {"ecdhe_x448,ecdhe_secp521r1,ecdhe_x25519", "X25519:P-256:P-521", "ecdhe_secp521r1"},
      {"ffdhe_3072,ecdhe_x25519", "X25519:ffdhe2048:ffdhe3072", "ffdhe_3072"},
      {"brainpoolP256r1,P-384,ecdhe_x25519", "X25519:P-384", "ecdhe_secp384r1"},
      {"ecdhe_x25519", "P-384:X25519", "ecdhe_x25519"},
      // Where OpenSSL has the first one is another test's.
      {"SecP384r1MLKEM1024,ecdhe_x25519", "X25519", "ecdhe_x25519"},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100000}}) {
      CAPTURE(row.groups);
      ServerEnd server(contextOf(withGroups(row.groups)));
      MemoryClient client(offering(row.offered));
      pump(server, client, piece);
      REQUIRE(server.session->state() == State::kOpen);
      CHECK(server.session->negotiated().keyExchange == row.agreed);
      client.write("hello");
      pump(server, client);
      CHECK(server.received == "hello");
    }
  }
}

TEST_CASE("without a list of groups, the client's share decides") {
  ServerEnd server(contextOf());
  MemoryClient client(offering("P-521:X25519"));
  pump(server, client);
  CHECK(server.session->negotiated().keyExchange == "ecdhe_secp521r1");
}

TEST_CASE("the order of groups is kept where the certificate is asked for") {
  ServerEnd server(contextOf(withGroups("P-384,X25519")), {.askCertificate = true});
  MemoryClient client(offering("X25519:P-384"));
  pump(server, client);
  REQUIRE(server.session->state() == State::kAskedCertificate);
  server.answerCertificate(nullptr);
  pump(server, client);
  CHECK(server.session->negotiated().keyExchange == "ecdhe_secp384r1");
}

TEST_CASE("http/1.1 is chosen where it is offered, and nothing else") {
  struct Row {
    std::string_view offered;  ///< RFC 7301 §3.1
    bool accepted;
  };
  const Row rows[] = {
      {"\x08http/1.1", true},        {"\x02h2\x08http/1.1", true}, {"\x02h2", false},
      {"\x08http/1.0\x02h3", false}, {"\x08HTTP/1.1", false},
  };
  for (const Row& row : rows) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CAPTURE(row.offered);
      ServerEnd server(contextOf());
      MemoryClient client([&](SSL_CTX* context) {
        only(version)(context);
        SSL_CTX_set_alpn_protos(context, bytesOf(row.offered).data(),
                                static_cast<unsigned>(row.offered.size()));
      });
      pump(server, client);
      CHECK((server.session->state() == State::kOpen) == row.accepted);
      if (!row.accepted) {
        CHECK(server.session->failure().starts_with("The client speaks no HTTP/1.1"));
        continue;
      }
      const unsigned char* chosen = nullptr;
      unsigned size = 0;
      SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
      CHECK(wss::textOf(Bytes(chosen, size)) == "http/1.1");
    }
  }
}

TEST_CASE("suites of the documentation that OpenSSL does not have are passed over") {
  const auto made = [](std::string suites) {
    ContextOptions options;
    options.certificates = {makeCertificate("server", &authority())};
    options.cipherSuites = std::move(suites);
    return Context::create(std::move(options));
  };
  auto some = made(
      "TLS_RSA_WITH_RC4_128_SHA;TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;"
      "TLS_DH_ANON_WITH_AES_128_CBC_SHA");
  REQUIRE(some.ok());
  CHECK(some.value()->missingSuites() ==
        "TLS_RSA_WITH_RC4_128_SHA, TLS_DH_ANON_WITH_AES_128_CBC_SHA");
  ServerEnd server(some.value());
  MemoryClient client(only(TLS1_2_VERSION));
  pump(server, client);
  CHECK(server.session->negotiated().cipherSuite == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  CHECK(made("*").value()->missingSuites().empty());

  const auto none = made("TLS_RSA_WITH_RC4_128_SHA;TLS_RSA_WITH_DES_CBC_SHA");
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().message.find("none of TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_DES_CBC_SHA") !=
        std::string::npos);
  const auto unknown = made("TLS_AES_128_GCM_SHA256;TLS_RSA_WITH_DES_CBC_SHA384");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace wss::tls
