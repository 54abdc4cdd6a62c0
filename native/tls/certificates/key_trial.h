// SPDX-License-Identifier: MIT
// Whether a certificate and its private key can serve, found out before a client does.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "tls/certificates/certificate.h"

namespace wss::tls {

/// Signs with the key of `certificate`, which has one, and verifies with its public key, as a
/// handshake does (RFC 8446 §4.4.3). Takes as long as a signature, and a token is asked for it.
/// Error 273 when the key does not sign, or is another's.
Result<void> tryKey(const Certificate& certificate);

/// What a server's settings say that a certificate has to fit.
struct Served {
  std::uint32_t protocols;  ///< the bits of SSLEnabledProtocols
  std::string_view groups;  ///< by the names of the settings, as the next
  std::string_view signatureAlgorithms;
};

/// Error 273 when no client could agree on the key of `certificate`: it is on a curve that clients
/// do not offer and `groups` does not name, or none of `signatureAlgorithms` is for it.
Result<void> checkServed(const Certificate& certificate, const Served& served);

}  // namespace wss::tls
