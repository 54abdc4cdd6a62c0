// SPDX-License-Identifier: MIT
// What has been found in a store of certificates and keys, whatever its format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tls/certificates/certificate.h"

namespace wss::tls {

/// No store of a server has more. To find out what belongs to what takes the square of it.
inline constexpr std::size_t kMaxCertificates = 1000;
inline constexpr std::size_t kMaxKeys = 100;
/// OpenSSL signs with no larger RSA keys.
inline constexpr int kMaxKeyBits = 16384;

/// What a store holds, in its order; which key is whose is still to be found out.
struct Contents {
  std::vector<Certificate::X509> certificates;
  std::vector<Certificate::Key> keys;
  /// Public keys alone, which are of no use to a server.
  std::size_t publicKeys = 0;
  /// What passwords have cost so far; see kMaxPasswordCost.
  std::uint64_t cost = 0;
  /// Private keys are passed over, whatever they are.
  bool withoutKeys = false;

  [[nodiscard]] bool empty() const {
    return certificates.empty() && keys.empty() && publicKeys == 0;
  }
  /// Whether one more may be decoded.
  [[nodiscard]] bool takesCertificate() const { return certificates.size() < kMaxCertificates; }
  [[nodiscard]] bool takesKey() const { return keys.size() < kMaxKeys; }
};

enum class Opened {
  kDone,           ///< at least one certificate or key has been found
  kWrongPassword,  ///< it is of this format, and the password does not open it
  kDamaged,        ///< it is of this format, but cannot be read to its end
  kTooCostly,      ///< to try the password would take more than kMaxPasswordCost
  kTooMany,        ///< there are more than kMaxCertificates or kMaxKeys
  kUnfitKey,       ///< a private key is of no kind for TLS, or too large
  kOpenSshKey,     ///< it is PEM of the kind that only OpenSSH has
  kNotThis,        ///< it is of another format, or of none
};

}  // namespace wss::tls
