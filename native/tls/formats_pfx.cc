// SPDX-License-Identifier: MIT
// PKCS#12 (RFC 7292), walked bag by bag: OpenSSL's own PKCS12_parse() knows one key only.
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tls/formats.h"
#include "tls/openssl.h"

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

bool addKey(const PKCS8_PRIV_KEY_INFO* info, Contents& contents) {
  OwnedKey key(info == nullptr ? nullptr : EVP_PKCS82PKEY(info));
  if (key == nullptr) return false;
  contents.keys.emplace_back(key.release(), EVP_PKEY_free);
  return true;
}

bool addBag(const PKCS12_SAFEBAG* bag, const Password& password, Contents& contents) {
  switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag:
      return addKey(PKCS12_SAFEBAG_get0_p8inf(bag), contents);
    case NID_pkcs8ShroudedKeyBag: {
      const OwnedPkcs8 info(PKCS12_decrypt_skey(bag, password.text, password.size));
      return addKey(info.get(), contents);
    }
    case NID_certBag: {
      if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return true;
      OwnedX509 certificate(PKCS12_SAFEBAG_get1_cert(bag));
      if (certificate == nullptr) return false;
      contents.certificates.emplace_back(certificate.release(), X509_free);
      return true;
    }
    default:
      return true;  // Revocation lists, secrets of others.
  }
}

OwnedBags bagsOf(PKCS7* safe, const Password& password) {
  if (PKCS7_type_is_data(safe)) return OwnedBags(PKCS12_unpack_p7data(safe));
  if (!PKCS7_type_is_encrypted(safe)) return nullptr;
  return OwnedBags(PKCS12_unpack_p7encdata(safe, password.text, password.size));
}

bool addAll(const PKCS12* pkcs12, const Password& password, Contents& contents) {
  const OwnedSafes safes(PKCS12_unpack_authsafes(pkcs12));
  if (safes == nullptr) return false;
  for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
    const OwnedBags bags = bagsOf(sk_PKCS7_value(safes.get(), i), password);
    if (bags == nullptr) return false;
    for (int bag = 0; bag < sk_PKCS12_SAFEBAG_num(bags.get()); ++bag) {
      if (!addBag(sk_PKCS12_SAFEBAG_value(bags.get(), bag), password, contents)) return false;
    }
  }
  return true;
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
    if (PKCS12_mac_present(pkcs12.get()) &&
        PKCS12_verify_mac(pkcs12.get(), candidate.text, candidate.size) != 1) {
      continue;
    }
    Contents found;
    if (!addAll(pkcs12.get(), candidate, found)) return Opened::kDamaged;
    std::ranges::move(found.certificates, std::back_inserter(contents.certificates));
    std::ranges::move(found.keys, std::back_inserter(contents.keys));
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
