// SPDX-License-Identifier: MIT
#include "tls/certificates/strength.h"

#include <doctest/doctest.h>

#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::makeCertificate;
using test::MemoryClient;
using test::pump;
using test::ServerEnd;

/// `certificate`, signed anew by `issuer`; decoded, because OpenSSL remembers what it has seen.
Certificate signedBy(const Certificate& certificate, const Certificate& issuer, const EVP_MD* md) {
  X509_sign(certificate.leaf().get(), issuer.key().get(), md);
  const std::vector<std::uint8_t> der = test::derOf(certificate.leaf());
  const unsigned char* at = der.data();
  const Certificate::X509 made(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  return Certificate(made, certificate.key());
}

Certificate withKey(Certificate::Key key, const Certificate& issuer) {
  const Certificate made = makeCertificate("with another key", &issuer);
  X509_set_pubkey(made.leaf().get(), key.get());
  return signedBy(Certificate(made.leaf(), std::move(key)), issuer, EVP_sha256());
}

std::string saidOf(const Certificate& certificate) {
  const Result<void> strong = requireStrong(certificate);
  if (strong.ok()) return "";
  CHECK(strong.error().code == ErrorCode::kNoSecurityCredentials);
  return strong.error().message;
}

TEST_CASE("keys of at least 112 bits of security") {
  const Certificate issuer = makeCertificate("The Authority");
  CHECK(saidOf(makeCertificate("EC", &issuer)).empty());
  CHECK(saidOf(makeCertificate("RSA", &issuer, "RSA")).empty());
  CHECK(saidOf(makeCertificate("Ed25519", &issuer, "ED25519")).empty());
  CHECK(saidOf(withKey({EVP_RSA_gen(1024U), EVP_PKEY_free}, issuer)).find("1024 bits") !=
        std::string::npos);
  CHECK(saidOf(withKey({EVP_EC_gen("P-192"), EVP_PKEY_free}, issuer)).find("192 bits") !=
        std::string::npos);
}

TEST_CASE("signatures by SHA-1 or MD5 are a root's own only") {
  const Certificate root = makeCertificate("root", nullptr, "RSA");
  for (const EVP_MD* const md : {EVP_sha1(), EVP_md5()}) {
    const std::string said = saidOf(signedBy(makeCertificate("leaf", &root), root, md));
    CHECK(said.find("The certificate of CN=leaf") != std::string::npos);
    CHECK(said.find("is too weak: it is signed by ") != std::string::npos);
  }
  const Certificate oldRoot = makeCertificate("old root", nullptr, "RSA");
  CHECK(saidOf(signedBy(oldRoot, oldRoot, EVP_sha1())).empty());

  const Certificate between = signedBy(makeCertificate("between", &root, "RSA"), root, EVP_sha1());
  const Certificate leaf = makeCertificate("leaf", &between);
  CHECK(saidOf(Certificate(leaf.leaf(), leaf.key(), {oldRoot.leaf()})).empty());
  CHECK(saidOf(Certificate(leaf.leaf(), leaf.key(), {between.leaf(), root.leaf()}))
            .find("The certificate of CN=between") != std::string::npos);
}

TEST_CASE("TLS 1.0 and 1.1 are served where they are enabled") {
  const Certificate own = makeCertificate("server", nullptr, "RSA");
  for (const auto& [version, bits] :
       {std::pair{TLS1_VERSION, kTls10}, std::pair{TLS1_1_VERSION, kTls11}}) {
    for (const bool enabled : {true, false}) {
      ContextOptions options;
      options.certificates = {own};
      options.protocols = enabled ? bits | kTls12 : kTls12 | kTls13;
      options.cipherSuites = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
      Result<std::shared_ptr<Context>> context = Context::create(std::move(options));
      REQUIRE(context.ok());
      ServerEnd server(context.value());
      MemoryClient client([&](SSL_CTX* made) {
        SSL_CTX_set_security_level(made, 0);
        SSL_CTX_set_min_proto_version(made, version);
        SSL_CTX_set_max_proto_version(made, version);
      });
      pump(server, client);
      using State = Session::State;
      CHECK(server.session->state() == (enabled ? State::kOpen : State::kFailed));
    }
  }
}

}  // namespace
}  // namespace wss::tls
