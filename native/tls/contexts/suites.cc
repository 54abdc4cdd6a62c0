// SPDX-License-Identifier: MIT
#include "tls/contexts/suites.h"

#include "tls/openssl/names.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

/// AES-128 first: it is the fastest, and safe.
constexpr std::string_view kAllOfTls13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/// An ephemeral key exchange and an AEAD.
constexpr std::string_view kSafeOlder = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// `name` is IANA's; `openSslName` goes to the list. Names of TLS 1.3 say nothing of a key
/// exchange.
void add(Suites& suites, std::string_view name, std::string_view openSslName) {
  const bool isOlder = name.find("_WITH_") != std::string_view::npos;
  std::string& list = isOlder ? suites.older : suites.tls13;
  list.append(list.empty() ? "" : ":").append(openSslName);
}

}  // namespace

Result<Suites> chosenSuites(std::string_view names, std::string_view openSslList) {
  if (names == "*") {
    return Suites{
        std::string(kAllOfTls13), std::string(openSslList.empty() ? kSafeOlder : openSslList), {}};
  }
  Suites suites;
  for (const std::string_view item : itemsOf(names)) {
    const std::string name(item);
    const std::string_view openSslName = OPENSSL_cipher_name(name.c_str());
    if (openSslName != "(NONE)") {
      add(suites, name, openSslName);
    } else if (isDocumentedSuite(name)) {
      suites.missing.append(suites.missing.empty() ? "" : ", ").append(name);
    } else {
      return makeError(ErrorCode::kInvalidArgument,
                       "SSLEnabledCipherSuites: there is no cipher suite " + name + ".");
    }
  }
  if (!suites.missing.empty() && suites.tls13.empty() && suites.older.empty()) {
    return makeError(ErrorCode::kInvalidArgument,
                     "SSLEnabledCipherSuites: OpenSSL has none of " + suites.missing + ".");
  }
  return suites;
}

Suites strongSuites(const ssl_ctx_st* context, int bits) {
  Suites suites;
  const STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(ciphers, i);
    if (SSL_CIPHER_get_bits(cipher, nullptr) < bits) continue;
    const char* const name = SSL_CIPHER_standard_name(cipher);
    if (name != nullptr) add(suites, name, SSL_CIPHER_get_name(cipher));
  }
  return suites;
}

}  // namespace wss::tls
