// SPDX-License-Identifier: MIT
#include "tls/openssl/names.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "tls/contexts/ticket_keys.h"
#include "tls/openssl/failure.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

TEST_CASE("lists are separated by commas, semicolons, colons and white space") {
  CHECK(itemsOf("").empty());
  CHECK(itemsOf(" ,;: \t\r\n").empty());
  CHECK(itemsOf("a") == std::vector<std::string_view>{"a"});
  CHECK(itemsOf(" a,b;c:d e\n") == std::vector<std::string_view>{"a", "b", "c", "d", "e"});
}

TEST_CASE("documented names become OpenSSL's, without doubles") {
  CHECK(openSslGroups("ecdhe_x25519,ecdhe_secp256r1,X25519,brainpoolP256r1") ==
        "X25519:P-256:brainpoolP256r1");
  CHECK(openSslSignatureAlgorithms("sha256-rsa,rsa_pss_sha256,ed25519,sha256-rsa") ==
        "rsa_pkcs1_sha256:rsa_pss_rsae_sha256:rsa_pss_pss_sha256:ed25519");
  CHECK(openSslGroups("").empty());
}

TEST_CASE("the cipher suites of the documentation") {
  for (const std::string_view suite :
       {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_RC4_128_MD5", "TLS_DHE_DSS_WITH_DES_CBC_SHA",
        "TLS_DH_ANON_WITH_AES_128_CBC_SHA"}) {
    CAPTURE(suite);
    CHECK(isDocumentedSuite(suite));
  }
  for (const std::string_view suite :
       {"", "TLS_", "_WITH_", "TLS_RSA_WITH_", "TLS_RSA_WITH_AES_256_CBC_SHA384",
        "TLS_ECDH_RSA_WITH_DES_CBC_SHA", "RSA_WITH_RC4_128_MD5", "none"}) {
    CAPTURE(suite);
    CHECK_FALSE(isDocumentedSuite(suite));
  }
}

TEST_CASE("numbers have names") {
  CHECK(groupNumber("P-256") == 0x17);
  CHECK(groupNumber("prime256v1") == 0x17);
  CHECK(groupNumber("X25519MLKEM768") == 0x11EC);
  CHECK(groupNumber("brainpoolP256r1") == 0);
  CHECK(groupName("P-384") == "ecdhe_secp384r1");
  CHECK(groupName("secp521r1") == "ecdhe_secp521r1");
  CHECK(groupName("X25519MLKEM768") == "X25519MLKEM768");
  CHECK(signatureName(0x0804) == "rsa_pss_rsae_sha256");
  CHECK(signatureName(0x0201) == "sha1-rsa");
  CHECK(signatureName(0x1234).empty());
  CHECK(versionName(0x0304) == "TLSv1.3");
  CHECK(versionName(0).empty());
  CHECK(alertName(116) == "certificate_required");
  CHECK(alertName(255) == "unknown");
  CHECK(handshakeName(1) == "ClientHello");
  CHECK(handshakeName(99) == "unknown");
}

TEST_CASE("why TLS failed, in sentences") {
  const auto text = [](int reason) { return failureText(ERR_PACK(ERR_LIB_SSL, 0, reason), 0); };
  CHECK(text(SSL_R_HTTP_REQUEST) == "The client speaks HTTP where TLS is expected.");
  CHECK(text(SSL_R_NO_SHARED_CIPHER) ==
        "The client has no cipher suite in common with the server.");
  CHECK(text(SSL_AD_REASON_OFFSET + 48) ==
        "The peer ended the connection with the alert unknown_ca (48).");
  CHECK(text(SSL_R_BAD_SSL_FILETYPE).starts_with("TLS failed: "));
  CHECK(failureText(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED),
                    X509_V_ERR_CERT_HAS_EXPIRED) ==
        "The certificate of the client is not accepted: certificate has expired.");
  CHECK(failureText(ERR_PACK(ERR_LIB_RSA, 0, SSL_R_HTTP_REQUEST), 0).starts_with("TLS failed: "));
  CHECK(text(SSL_R_NO_APPLICATION_PROTOCOL).starts_with("The client speaks no HTTP/1.1"));
  CHECK(failureText(0, 0) == "TLS failed: no reason given.");
}

TEST_CASE("ticket keys are whole ones, up to sixteen") {
  TicketKeys keys;
  CHECK(keys.setRandom().ok());
  CHECK(keys.bytes().size() == TicketKeys::kKeySize);
  const std::vector<std::uint8_t> first(keys.bytes().begin(), keys.bytes().end());
  CHECK(keys.setRandom().ok());
  CHECK(first != std::vector<std::uint8_t>(keys.bytes().begin(), keys.bytes().end()));
  const std::vector<std::uint8_t> many((TicketKeys::kMaxKeys + 1) * TicketKeys::kKeySize, 7);
  for (const std::size_t size : {std::size_t{0}, std::size_t{79}, std::size_t{81}, many.size()}) {
    CHECK(keys.set(Bytes(many).first(size)).error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(keys.set(Bytes(many).first(160)).ok());
  CHECK(keys.bytes().size() == 160);
}

TEST_CASE("a key of our own seals for a lifetime, and opens for one more") {
  constexpr std::chrono::seconds kLong(3600);
  constexpr std::chrono::seconds kOver(0);
  TicketKeys keys;
  REQUIRE(keys.setRandom().ok());
  const std::vector<std::uint8_t> first(keys.bytes().begin(), keys.bytes().end());
  keys.rotate(kLong);
  CHECK(keys.bytes().size() == TicketKeys::kKeySize);
  keys.rotate(kOver);
  REQUIRE(keys.bytes().size() == 2 * TicketKeys::kKeySize);
  CHECK(std::ranges::equal(keys.bytes().last(TicketKeys::kKeySize), first));
  keys.rotate(kLong);
  CHECK(keys.bytes().size() == 2 * TicketKeys::kKeySize);
  keys.rotate(kOver);
  CHECK(keys.bytes().size() == 2 * TicketKeys::kKeySize);
  CHECK_FALSE(std::ranges::equal(keys.bytes().last(TicketKeys::kKeySize), first));
  // Those that somebody has set are his to change.
  REQUIRE(keys.set(first).ok());
  keys.rotate(kOver);
  CHECK(std::ranges::equal(keys.bytes(), first));
}

TEST_CASE("a ticket of the first key is opened, one of another is renewed, one of nobody is none") {
  std::vector<std::uint8_t> two(2 * TicketKeys::kKeySize, 1);
  std::fill(two.begin() + TicketKeys::kKeySize, two.end(), 2);
  TicketKeys keys;
  REQUIRE(keys.set(two).ok());
  const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> cipher(EVP_CIPHER_CTX_new());
  const Owned<EVP_MAC, EVP_MAC_free> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> mac(EVP_MAC_CTX_new(hmac.get()));
  std::array<std::uint8_t, 16> name{};
  std::array<std::uint8_t, EVP_MAX_IV_LENGTH> iv{};
  CHECK(keys.prepare(name.data(), iv.data(), cipher.get(), mac.get(), true) == 1);
  CHECK(name[0] == 1);
  CHECK(keys.prepare(name.data(), iv.data(), cipher.get(), mac.get(), false) == 1);
  name.fill(2);
  CHECK(keys.prepare(name.data(), iv.data(), cipher.get(), mac.get(), false) == 2);
  name.fill(3);
  CHECK(keys.prepare(name.data(), iv.data(), cipher.get(), mac.get(), false) == 0);
}

}  // namespace
}  // namespace wss::tls
