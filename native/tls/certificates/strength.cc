// SPDX-License-Identifier: MIT
#include "tls/certificates/strength.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <bit>
#include <string>

#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

constexpr int kLeastBits = 112;

using Judge = int (*)(const SSL*, const SSL_CTX*, int, int, int, void*, void*);

int judge(const SSL* ssl, const SSL_CTX* context, int operation, int bits, int nid, void* other,
          void* usual) {
  // Which are enabled, SSLEnabledProtocols says.
  if (operation == SSL_SECOP_VERSION) return 1;
  const bool isOld = ssl != nullptr && SSL_version(ssl) < TLS1_2_VERSION;
  switch (operation) {
    case SSL_SECOP_SIGALG_SUPPORTED:
    case SSL_SECOP_SIGALG_SHARED:
    case SSL_SECOP_SIGALG_CHECK:
    case SSL_SECOP_SIGALG_MASK:
      if (isOld) return 1;
      break;
    default:
      break;
  }
  return std::bit_cast<Judge>(usual)(ssl, context, operation, bits, nid, other, nullptr);
}

Error tooWeak(const X509* certificate, const std::string& why) {
  const Certificate named(Certificate::X509(const_cast<X509*>(certificate), [](X509*) {}));
  return makeError(ErrorCode::kNoSecurityCredentials,
                   "The certificate of " + named.subject() + " is too weak: " + why + ".");
}

Result<void> requireStrong(X509* certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key != nullptr && EVP_PKEY_get_security_bits(key) < kLeastBits) {
    return tooWeak(certificate, "its key has " + std::to_string(EVP_PKEY_get_bits(key)) +
                                    " bits; RSA needs 2048, elliptic curves 224");
  }
  int bits = 0;
  const bool isRoot = (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
  const bool known =
      X509_get_signature_info(certificate, nullptr, nullptr, &bits, nullptr) == 1 && bits > 0;
  if (!isRoot && known && bits < kLeastBits) {
    return tooWeak(certificate, "it is signed by " +
                                    std::string(OBJ_nid2ln(X509_get_signature_nid(certificate))) +
                                    "; have it signed by SHA-256");
  }
  return {};
}

}  // namespace

Result<void> requireStrong(const Certificate& certificate) {
  if (Result<void> strong = requireStrong(certificate.leaf().get()); !strong.ok()) return strong;
  for (const Certificate::X509& other : certificate.chain()) {
    // Nobody builds upon the key of a root that comes along, but upon the one that is trusted.
    if ((X509_get_extension_flags(other.get()) & EXFLAG_SS) != 0) continue;
    if (Result<void> strong = requireStrong(other.get()); !strong.ok()) return strong;
  }
  return {};
}

void allowOldVersions(ssl_ctx_st* context) {
  const Judge usual = SSL_CTX_get_security_callback(context);
  SSL_CTX_set0_security_ex_data(context, std::bit_cast<void*>(usual));
  SSL_CTX_set_security_callback(context, judge);
}

}  // namespace wss::tls
