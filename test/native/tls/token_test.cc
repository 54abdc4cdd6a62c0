// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tls/stores/store.h"
#include "tls/stores/token_store.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::MemoryClient;
using test::pump;
using test::ServerEnd;
using State = Session::State;

TokenName tokenOf(std::string_view label) { return {FAKE_TOKEN, std::string(label), {}, {}}; }

ErrorCode codeOf(const TokenName& name, std::string_view pin = "1234") {
  Result<Contents> read = readToken(name, pin);
  return read.ok() ? ErrorCode{0} : read.error().code;
}

State stateAfter(const Certificate& certificate, int version, const char* signatures = nullptr) {
  ContextOptions options;
  options.certificates = {certificate};
  Result<std::shared_ptr<Context>> context = Context::create(std::move(options));
  REQUIRE(context.ok());
  ServerEnd server(context.value());
  MemoryClient client([&](SSL_CTX* settings) {
    SSL_CTX_set_max_proto_version(settings, version);
    if (signatures != nullptr) SSL_CTX_set1_sigalgs_list(settings, signatures);
  });
  pump(server, client);
  return server.session->state();
}

TEST_CASE("a token signs in a handshake, with RSA and ECDSA") {
  Result<Contents> read = readToken(tokenOf("good"), "1234");
  REQUIRE(read.ok());
  CHECK(read.value().certificates.size() == 2);
  CHECK(read.value().keys.size() == 2);
  for (const std::string_view subject : {"CN=rsa", "CN=ec"}) {
    Result<Certificate> found = findCertificate(read.value(), subject);
    REQUIRE(found.ok());
    REQUIRE(found.value().key() != nullptr);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CHECK(stateAfter(found.value(), version) == State::kOpen);
    }
    CHECK(stateAfter(found.value(), TLS1_2_VERSION, "RSA+SHA256:ECDSA+SHA512") == State::kOpen);
  }
}

TEST_CASE("a key whose certificate is not in the token") {
  Result<Contents> whole = readToken(tokenOf("good"), "1234");
  REQUIRE(whole.ok());
  Result<Contents> bare = readToken(tokenOf("bare"), "1234");
  REQUIRE(bare.ok());
  CHECK(bare.value().certificates.empty());
  for (const Certificate::X509& certificate : whole.value().certificates) {
    const std::string pem = Certificate(certificate).encoded();
    Result<Certificate> found = findKey(bare.value(), bytesOf(pem));
    REQUIRE(found.ok());
    CHECK(stateAfter(found.value(), TLS1_3_VERSION) == State::kOpen);
  }
}

/// A certificate whose key has signed once, when it was tried.
Certificate tried(std::string_view label, std::string_view subject) {
  Result<Contents> read = readToken(tokenOf(label), "1234");
  REQUIRE(read.ok());
  Result<Certificate> found = findCertificate(read.value(), subject);
  REQUIRE(found.ok());
  return found.value();
}

TEST_CASE("a token that does not sign any more fails the handshake") {
  for (const std::string_view subject : {"CN=rsa", "CN=ec"}) {
    CHECK(stateAfter(tried("silent", subject), TLS1_3_VERSION) == State::kFailed);
  }
}

TEST_CASE("a token whose session has ended signs in another one") {
  for (const std::string_view subject : {"CN=rsa", "CN=ec"}) {
    // Somebody else has closed it, or the module has been shut down.
    for (const std::string_view label : {"restless", "finished"}) {
      const Certificate certificate = tried(label, subject);
      for (int i = 0; i < 3; ++i) CHECK(stateAfter(certificate, TLS1_3_VERSION) == State::kOpen);
    }
  }
}

TEST_CASE("a token that has gone and come back signs again") {
  const Certificate certificate = tried("unplugged", "CN=ec");
  CHECK(stateAfter(certificate, TLS1_3_VERSION) == State::kFailed);
  for (int i = 0; i < 3; ++i) CHECK(stateAfter(certificate, TLS1_3_VERSION) == State::kOpen);
}

TEST_CASE("a PIN that has become wrong is not tried again") {
  const Certificate certificate = tried("changed", "CN=ec");
  for (int i = 0; i < 3; ++i) CHECK(stateAfter(certificate, TLS1_3_VERSION) == State::kFailed);
}

TEST_CASE("the label of a certificate, and the serial number of a token") {
  Result<Contents> read = readToken({FAKE_TOKEN, {}, "0", "ec"}, "1234");
  REQUIRE(read.ok());
  CHECK(read.value().certificates.size() == 1);
}

TEST_CASE("why a token cannot be used") {
  constexpr auto kNotOpened = ErrorCode::kCertificateStoreNotOpened;
  constexpr auto kNoCredentials = ErrorCode::kNoSecurityCredentials;
  CHECK(codeOf({"/nowhere.so", {}, {}, {}}) == kNotOpened);
  CHECK(codeOf({"libcrypto.so.3", {}, {}, {}}) == kNotOpened);
  CHECK(codeOf(tokenOf("")) == kNotOpened);
  CHECK(codeOf(tokenOf("another")) == kNotOpened);
  CHECK(codeOf({FAKE_TOKEN, {}, "none", {}}) == kNotOpened);
  CHECK(codeOf(tokenOf("closed")) == kNotOpened);
  CHECK(codeOf(tokenOf("odd")) == kNotOpened);
  CHECK(codeOf(tokenOf("empty")) == kNotOpened);
  CHECK(codeOf(tokenOf("locked")) == kNoCredentials);
  CHECK(codeOf(tokenOf("good"), "4321") == kNoCredentials);
  CHECK(codeOf(tokenOf("locked"), "") == ErrorCode{0});
}

}  // namespace
}  // namespace wss::tls
