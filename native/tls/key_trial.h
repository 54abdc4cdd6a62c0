// SPDX-License-Identifier: MIT
// Whether a certificate and its private key can serve, found out before a client does.
#pragma once

#include "base/error.h"
#include "tls/certificate.h"

namespace wss::tls {

/// Signs with the key of `certificate`, which has one, and verifies with its public key, as a
/// handshake does (RFC 8446 §4.4.3). Takes as long as a signature, and a token is asked for it.
/// Error 273 when the key does not sign, or is another's.
Result<void> tryKey(const Certificate& certificate);

}  // namespace wss::tls
