// SPDX-License-Identifier: MIT
// PKCS#12 (RFC 7292), walked bag by bag: OpenSSL's own PKCS12_parse() knows one key only.
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <string>
#include <utility>

#include "tls/formats/formats.h"
#include "tls/formats/password_cost.h"
#include "tls/formats/private_key.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

void freeBags(STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
void freeSafes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }

using OwnedPkcs12 = Owned<PKCS12, PKCS12_free>;
using OwnedBags = Owned<STACK_OF(PKCS12_SAFEBAG), freeBags>;
using OwnedSafes = Owned<STACK_OF(PKCS7), freeSafes>;
using OwnedPkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using OwnedLibrary = Owned<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
using OwnedProvider = Owned<OSSL_PROVIDER, OSSL_PROVIDER_unload>;

/// Null is a password too: PKCS#12 tells none from an empty one.
struct Password {
  const char* text;
  int size;
};

/// Whether `cost` more may still be spent.
bool isAffordable(std::uint64_t cost, Contents& contents) {
  contents.cost += cost;
  return contents.cost <= kMaxPasswordCost;
}

Opened addBag(const PKCS12_SAFEBAG* bag, const Password& password, Contents& contents) {
  switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag:
      return addPrivateKey(PKCS12_SAFEBAG_get0_p8inf(bag), contents);
    case NID_pkcs8ShroudedKeyBag: {
      if (!contents.takesKey()) return Opened::kTooMany;
      const X509_ALGOR* algorithm = nullptr;
      X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nullptr);
      if (!isAffordable(passwordCost(algorithm), contents)) return Opened::kTooCostly;
      const OwnedPkcs8 info(PKCS12_decrypt_skey(bag, password.text, password.size));
      return addPrivateKey(info.get(), contents);
    }
    case NID_certBag: {
      if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return Opened::kDone;
      if (!contents.takesCertificate()) return Opened::kTooMany;
      OwnedX509 certificate(PKCS12_SAFEBAG_get1_cert(bag));
      if (certificate == nullptr) return Opened::kDamaged;
      contents.certificates.emplace_back(certificate.release(), X509_free);
      return Opened::kDone;
    }
    default:
      return Opened::kDone;  // Revocation lists, secrets of others.
  }
}

Opened addSafe(PKCS7* safe, const Password& password, Contents& contents) {
  OwnedBags bags;
  if (PKCS7_type_is_data(safe)) {
    bags.reset(PKCS12_unpack_p7data(safe));
  } else if (PKCS7_type_is_encrypted(safe)) {
    const X509_ALGOR* const algorithm = safe->d.encrypted->enc_data->algorithm;
    if (!isAffordable(passwordCost(algorithm), contents)) return Opened::kTooCostly;
    bags.reset(PKCS12_unpack_p7encdata(safe, password.text, password.size));
  }
  if (bags == nullptr) return Opened::kDamaged;
  Opened opened = Opened::kDone;
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags.get()) && opened == Opened::kDone; ++i) {
    opened = addBag(sk_PKCS12_SAFEBAG_value(bags.get(), i), password, contents);
  }
  return opened;
}

Opened addAll(const PKCS12* pkcs12, const Password& password, Contents& contents) {
  const OwnedSafes safes(PKCS12_unpack_authsafes(pkcs12));
  Opened opened = safes == nullptr ? Opened::kDamaged : Opened::kDone;
  for (int i = 0; i < sk_PKCS7_num(safes.get()) && opened == Opened::kDone; ++i) {
    opened = addSafe(sk_PKCS7_value(safes.get(), i), password, contents);
  }
  return opened;
}

/// kDone when `password` is that of the MAC, if there is one.
Opened checkMac(PKCS12* pkcs12, const Password& password, Contents& contents) {
  if (PKCS12_mac_present(pkcs12) != 1) return Opened::kDone;
  const X509_ALGOR* digest = nullptr;
  const ASN1_INTEGER* count = nullptr;
  PKCS12_get0_mac(nullptr, &digest, nullptr, &count, pkcs12);
  if (!isAffordable(macCost(digest, count), contents)) return Opened::kTooCostly;
  const bool fits = PKCS12_verify_mac(pkcs12, password.text, password.size) == 1;
  return fits ? Opened::kDone : Opened::kWrongPassword;
}

Opened read(OSSL_LIB_CTX* library, Bytes bytes, std::string_view password, Contents& contents) {
  PKCS12* place =
      library == nullptr ? PKCS12_new() : PKCS12_init_ex(NID_pkcs7_data, library, nullptr);
  const unsigned char* at = bytes.data();
  if (d2i_PKCS12(&place, &at, static_cast<long>(bytes.size())) == nullptr) {
    return Opened::kNotThis;  // It has freed the place.
  }
  const OwnedPkcs12 pkcs12(place);
  const std::string text(password);  // Ends with a zero, which some of the functions look for.
  const Password given = {text.c_str(), static_cast<int>(text.size())};
  constexpr Password kNone = {nullptr, 0};
  for (const Password& candidate : {given, kNone}) {
    if (candidate.text == nullptr && !text.empty()) break;
    Opened opened = checkMac(pkcs12.get(), candidate, contents);
    if (opened == Opened::kWrongPassword) continue;
    if (opened != Opened::kDone) return opened;
    // The cost of other parts counts too. What is found is added only when all could be read.
    Contents found = contents;
    opened = addAll(pkcs12.get(), candidate, found);
    contents.cost = found.cost;
    if (opened != Opened::kDone) return opened;
    if (found.empty()) return Opened::kNotThis;
    contents = std::move(found);
    return Opened::kDone;
  }
  return Opened::kWrongPassword;
}

}  // namespace

Opened readPfx(Bytes bytes, std::string_view password, Contents& contents) {
  const CleanErrors errors;
  const Opened opened = read(nullptr, bytes, password, contents);
  if (opened != Opened::kDamaged) return opened;

  // Perhaps its ciphers are outdated (RC2, DES): a library of its own may use them.
  const OwnedLibrary library(OSSL_LIB_CTX_new());
  const OwnedProvider provider(OSSL_PROVIDER_load(library.get(), "default"));
  const OwnedProvider legacy(OSSL_PROVIDER_load(library.get(), "legacy"));
  return legacy == nullptr ? opened : read(library.get(), bytes, password, contents);
}

}  // namespace wss::tls
