// SPDX-License-Identifier: MIT
#include "tls/certificates/key_trial.h"

#include <doctest/doctest.h>
#include <openssl/core_names.h>

#include "tls/contexts/context.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::makeCertificate;
using test::makeKey;

Certificate::Key onCurve(const char* curve) { return {EVP_EC_gen(curve), EVP_PKEY_free}; }

/// With a key on that curve.
Certificate certificateOn(const char* curve) {
  const Certificate made = makeCertificate("on a curve");
  Certificate::Key key = onCurve(curve);
  X509_set_pubkey(made.leaf().get(), key.get());
  return Certificate(made.leaf(), std::move(key));
}

/// What is said of `done`, if it is not well.
std::string said(const Result<void>& done) {
  if (done.ok()) return "";
  CHECK(done.error().code == ErrorCode::kNoSecurityCredentials);
  return done.error().message;
}

TEST_CASE("a key that signs for its certificate") {
  for (const char* const kind : {"EC", "RSA", "ED25519", "ED448"}) {
    const Certificate own = makeCertificate("own", nullptr, kind);
    CHECK(said(tryKey(own)).empty());
    CHECK(
        said(tryKey(Certificate(own.leaf(), makeKey(kind)))).find("not that of the certificate") !=
        std::string::npos);
  }
  // Too short for the padding of TLS 1.3.
  const Certificate shortOne = makeCertificate("short");
  const Certificate::Key key(EVP_RSA_gen(512U), EVP_PKEY_free);
  X509_set_pubkey(shortOne.leaf().get(), key.get());
  CHECK(said(tryKey(Certificate(shortOne.leaf(), key))).empty());
}

TEST_CASE("a key that does not sign, and a certificate without one that can be read") {
  const Certificate own = makeCertificate("own");
  CHECK(said(tryKey(Certificate(own.leaf(), makeKey("X25519")))).find("does not sign") !=
        std::string::npos);
  const Certificate::X509 none(X509_new(), X509_free);
  CHECK(said(tryKey(Certificate(none, own.key()))).find("not that of the certificate") !=
        std::string::npos);
  CHECK(said(checkServed(Certificate(none), {kTls13, "", ""})).empty());
}

TEST_CASE("curves that clients offer, and others that a setting names") {
  for (const char* const curve : {"P-256", "P-384", "P-521"}) {
    CHECK(said(checkServed(certificateOn(curve), {kTls13, "", ""})).empty());
  }
  const Certificate odd = certificateOn("secp256k1");
  CHECK(said(checkServed(odd, {kTls12 | kTls13, "", ""})).find("on the curve secp256k1") !=
        std::string::npos);
  CHECK(said(checkServed(odd, {kTls12 | kTls13, "ecdhe_x25519,SECP256K1", ""})).empty());
  CHECK_FALSE(said(checkServed(odd, {kTls13, "secp256k1", ""})).empty());

  Certificate::Key numbers = onCurve("secp256k1");
  EVP_PKEY_set_utf8_string_param(numbers.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                 OSSL_PKEY_EC_ENCODING_EXPLICIT);
  CHECK_FALSE(said(checkServed(Certificate(odd.leaf(), numbers), {kTls13, "", ""})).empty());
}

TEST_CASE("one of the signature algorithms must be for the key") {
  const auto served = [](const char* kind, std::string_view algorithms) {
    return said(checkServed(makeCertificate("own", nullptr, kind), {kTls13, "", algorithms}));
  };
  CHECK(served("EC", "rsa_pss_sha256,sha256-ecdsa").empty());
  CHECK(served("RSA", "rsa_pss_sha256").empty());
  CHECK(served("RSA", "sha256-rsa").empty());
  CHECK(served("ED25519", "ed25519").empty());
  CHECK(served("ED448", "ed448").empty());
  for (const auto& [kind, algorithms] :
       {std::pair{"EC", "rsa_pss_sha256"}, std::pair{"RSA", "sha256-ecdsa,ed25519"},
        std::pair{"ED25519", "ed448"}, std::pair{"ED448", "ed25519"}}) {
    CHECK(served(kind, algorithms).find("name no algorithm; add one") != std::string::npos);
  }
}

}  // namespace
}  // namespace wss::tls
