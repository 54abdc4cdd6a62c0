// SPDX-License-Identifier: MIT
#include "tls/key_trial.h"

#include <openssl/rsa.h>

#include <vector>

#include "tls/openssl.h"

namespace wss::tls {
namespace {

using OwnedDigest = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::string_view kSigned = "What a server signs in a handshake.";

enum class Padding { kNone, kPkcs1, kPss };

enum class Outcome { kFits, kDoesNotSign, kDoesNotVerify };

/// The hash that `key` insists on, or else what TLS uses most. Null for what hashes by itself.
const EVP_MD* digestOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1) return nullptr;
  constexpr int kMandatory = 2;
  int nid = NID_undef;
  const bool insists = EVP_PKEY_get_default_digest_nid(key, &nid) == kMandatory;
  return insists && nid != NID_undef ? EVP_get_digestbynid(nid) : EVP_sha256();
}

bool setPadding(EVP_PKEY_CTX* context, Padding padding) {
  if (padding == Padding::kNone) return true;
  const bool isPss = padding == Padding::kPss;
  return EVP_PKEY_CTX_set_rsa_padding(context, isPss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) >
             0 &&
         (!isPss || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0);
}

Outcome attempt(EVP_PKEY* secret, EVP_PKEY* open, Padding padding) {
  const CleanErrors errors;
  const EVP_MD* const digest = digestOf(open);
  const Bytes data = bytesOf(kSigned);
  EVP_PKEY_CTX* settings = nullptr;  // Belongs to the context that it is of.
  const OwnedDigest signer(EVP_MD_CTX_new());
  std::vector<std::uint8_t> signature(static_cast<std::size_t>(EVP_PKEY_get_size(secret)));
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(signer.get(), &settings, digest, nullptr, secret) != 1 ||
      !setPadding(settings, padding) ||
      EVP_DigestSign(signer.get(), signature.data(), &size, data.data(), data.size()) != 1) {
    return Outcome::kDoesNotSign;
  }
  const OwnedDigest verifier(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(verifier.get(), &settings, digest, nullptr, open) != 1 ||
      !setPadding(settings, padding) ||
      EVP_DigestVerify(verifier.get(), signature.data(), size, data.data(), data.size()) != 1) {
    return Outcome::kDoesNotVerify;
  }
  return Outcome::kFits;
}

Outcome attempt(EVP_PKEY* secret, EVP_PKEY* open) {
  if (EVP_PKEY_is_a(open, "RSA") != 1) return attempt(secret, open, Padding::kNone);
  // A token may know the padding of TLS 1.2 alone, and a short key has no room for the other.
  const Outcome pss = attempt(secret, open, Padding::kPss);
  return pss == Outcome::kDoesNotSign ? attempt(secret, open, Padding::kPkcs1) : pss;
}

}  // namespace

Result<void> tryKey(const Certificate& certificate) {
  EVP_PKEY* const open = X509_get0_pubkey(certificate.leaf().get());
  const Outcome outcome =
      open == nullptr ? Outcome::kDoesNotVerify : attempt(certificate.key().get(), open);
  switch (outcome) {
    case Outcome::kFits:
      return {};
    case Outcome::kDoesNotSign:
      return makeError(ErrorCode::kNoSecurityCredentials,
                       "The private key of the certificate does not sign: it is damaged, or its "
                       "token does not take it; give the key that the certificate was made with.");
    case Outcome::kDoesNotVerify:
      break;
  }
  return makeError(ErrorCode::kNoSecurityCredentials,
                   "The private key is not that of the certificate, although it says so; give the "
                   "key that the certificate was made with.");
}

}  // namespace wss::tls
