// SPDX-License-Identifier: MIT
// SSLCertStoreType, SSLCertStore, SSLCertStorePassword and SSLCertSubject: from where a certificate
// comes. Reads files, keeps nothing open. Messages name neither passwords nor keys.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "tls/certificate.h"

namespace wss::tls {

/// The documented numbers.
enum class StoreType : int {
  kUser = 0,
  kMachine = 1,
  kPfxFile = 2,
  kPfxBlob = 3,
  kJksFile = 4,
  kJksBlob = 5,
  kPemKeyFile = 6,
  kPemKeyBlob = 7,
  kPublicKeyFile = 8,
  kPublicKeyBlob = 9,
  kSshPublicKeyBlob = 10,
  kP7bFile = 11,
  kP7bBlob = 12,
  kSshPublicKeyFile = 13,
  kPpkFile = 14,
  kPpkBlob = 15,
  kXmlFile = 16,
  kXmlBlob = 17,
  kJwkFile = 18,
  kJwkBlob = 19,
  kSecurityKey = 20,
  kBcfksFile = 21,
  kBcfksBlob = 22,
  kPkcs11 = 23,
  kAuto = 99,
};

/// A store: `data` is the path of a file, or the contents themselves, binary or in Base64.
struct Store {
  StoreType type;
  Bytes data;
  std::string_view password;
};

/// Every certificate of the store, each with its key, if that is there, and its chain. Those with a
/// key come first. Error 271 when the store cannot be opened, 273 when the password is wrong.
Result<std::vector<Certificate>> readStore(const Store& store);

/// The certificate that `subject` selects (see findSubject). Error 272 when none fits.
Result<Certificate> findCertificate(const Store& store, std::string_view subject);

/// `encoded` (PEM, DER or Base64) with its private key from the store. Error 272 when `encoded` is
/// no certificate, 273 when the store does not have its key.
Result<Certificate> findKey(const Store& store, Bytes encoded);

}  // namespace wss::tls
