// SPDX-License-Identifier: MIT
// Certificates and private keys out of the bytes of files: PEM, DER, PKCS#7, PKCS#12. Each reader
// adds what it finds. Passwords and keys appear in no message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "tls/certificate.h"

namespace wss::tls {

/// What a store holds, in its order; which key is whose is still to be found out.
struct Contents {
  std::vector<Certificate::X509> certificates;
  std::vector<Certificate::Key> keys;
  /// Public keys alone, which are of no use to a server.
  std::size_t publicKeys = 0;
  /// What passwords have cost so far; see kMaxRounds.
  std::uint64_t rounds = 0;

  [[nodiscard]] bool empty() const {
    return certificates.empty() && keys.empty() && publicKeys == 0;
  }
};

enum class Opened {
  kDone,           ///< at least one certificate or key has been found
  kWrongPassword,  ///< it is of this format, and the password does not open it
  kDamaged,        ///< it is of this format, but cannot be read to its end
  kTooCostly,      ///< to try the password would take more than kMaxRounds
  kOpenSshKey,     ///< it is PEM of the kind that only OpenSSH has
  kNotThis,        ///< it is of another format, or of none
};

/// OpenSSL signs with no larger RSA keys.
inline constexpr int kMaxKeyBits = 16384;

/// PEM blocks between any text: certificates, PKCS#7, keys of every kind, encrypted or not. A block
/// may be on a line of its own, as settings have it.
Opened readPem(Bytes bytes, std::string_view password, Contents& contents);
/// A certificate or a key, bare.
Opened readDer(Bytes bytes, std::string_view password, Contents& contents);
/// A P7B: certificates only.
Opened readPkcs7(Bytes bytes, Contents& contents);
/// A PFX, those with outdated ciphers too if this OpenSSL has its legacy provider.
Opened readPfx(Bytes bytes, std::string_view password, Contents& contents);

}  // namespace wss::tls
