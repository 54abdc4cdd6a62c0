// SPDX-License-Identifier: MIT
// From the contents of a certificate store to one certificate of it. What SSLCertStoreType may be,
// and how files and Base64 become contents, is known in lib/certificates. Messages name neither
// passwords nor keys.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "tls/certificates/certificate.h"
#include "tls/formats/formats.h"

namespace wss::tls {

enum class Format {
  kAny,  ///< PEM or DER: whatever it is
  kPem,  ///< or a certificate or key in DER
  kPfx,
  kP7b,        ///< in DER or PEM
  kPublicKey,  ///< certificates in PEM or DER; keys are left out
};

/// "any", "pem", "pfx", "p7b", "publicKey": the names in lib/certificates/store_type.ts.
std::optional<Format> formatNamed(std::string_view name);

struct Store {
  Format format;
  /// Each is read by itself; together they are the store.
  std::vector<Bytes> parts;
  std::string_view password;
};

/// No store of a server is larger, all parts together: 1000 certificates and 100 keys are 2 MiB.
inline constexpr std::size_t kMaxStoreSize = std::size_t{4} * 1024 * 1024;

/// All that the store holds. Error 271 when it cannot be read, 273 when the password is wrong.
Result<Contents> readStore(const Store& store);

/// The certificate that `subject` selects (see findSubject), those with a key before the others,
/// with its key, if that is there, and its chain. Error 272 when none fits, 273 when the key does
/// not sign for the certificate.
Result<Certificate> findCertificate(const Contents& contents, std::string_view subject);

/// `encoded` (PEM or DER) with its private key from the store. Error 272 when `encoded` is no
/// certificate, or the store does not have its key, 273 as above.
Result<Certificate> findKey(Contents contents, Bytes encoded);

}  // namespace wss::tls
