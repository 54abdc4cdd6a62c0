// SPDX-License-Identifier: MIT
#include "tls/certificates/key_trial.h"

#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

#include "base/text.h"
#include "tls/openssl/names.h"
#include "tls/openssl/openssl.h"
#include "tls/openssl/protocols.h"

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

Error unfit(const std::string& why) {
  return makeError(ErrorCode::kNoSecurityCredentials, "The key of the certificate " + why);
}

/// By OpenSSL's name; empty for a key that is on none.
std::string curveOf(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  if (EVP_PKEY_is_a(key, "EC") != 1) return {};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return "in numbers";
  return name.data();
}

/// In TLS 1.3 these have signature algorithms of their own (RFC 8446 §4.2.3); in TLS 1.2 clients
/// name the groups that they verify with, which are these.
bool isOfferedByClients(std::string_view curve) {
  return curve.empty() || curve == SN_X9_62_prime256v1 || curve == SN_secp384r1 ||
         curve == SN_secp521r1;
}

bool isNamed(const std::string& list, std::string_view name) {
  return std::ranges::any_of(itemsOf(list),
                             [&](std::string_view item) { return equalsIgnoringCase(item, name); });
}

/// Whether one of `algorithms`, by OpenSSL's names, is for `key`.
bool isAnyFor(const std::string& algorithms, const EVP_PKEY* key) {
  struct Row {
    const char* kind;
    std::string_view part;  ///< of the names of its algorithms
  };
  constexpr Row kKinds[] = {{"RSA-PSS", "rsa_pss_pss"},
                            {"RSA", "rsa"},
                            {"EC", "ecdsa"},
                            {"ED25519", "ed25519"},
                            {"ED448", "ed448"}};
  const auto* const row = std::ranges::find_if(
      kKinds, [&](const Row& candidate) { return EVP_PKEY_is_a(key, candidate.kind) == 1; });
  if (row == std::end(kKinds)) return false;
  // "ecdsa" has no "rsa" in it.
  return containsIgnoringCase(algorithms, row->part);
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

Result<void> checkServed(const Certificate& certificate, const Served& served) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate.leaf().get());
  if (key == nullptr) return {};  // tryKey() has said so.
  if (const std::string curve = curveOf(key); !isOfferedByClients(curve)) {
    constexpr std::uint32_t kOlder = kTls10 | kTls11 | kTls12;
    if ((served.protocols & kOlder) == 0 || !isNamed(openSslGroups(served.groups), curve)) {
      return unfit("is on the curve " + curve +
                   ", which clients do not offer; take one on P-256, or name the curve in "
                   "TLS12SupportedGroups for clients that do.");
    }
  }
  const std::string algorithms = openSslSignatureAlgorithms(served.signatureAlgorithms);
  if (!algorithms.empty() && !isAnyFor(algorithms, key)) {
    return unfit(
        "is of a kind for which TLS12SignatureAlgorithms and TLS13SignatureAlgorithms name no "
        "algorithm; add one.");
  }
  return {};
}

}  // namespace wss::tls
