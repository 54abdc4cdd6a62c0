// SPDX-License-Identifier: MIT
// What is too weak to serve with, whichever versions of TLS are enabled. Internal to tls/.
#pragma once

#include "base/error.h"
#include "tls/certificates/certificate.h"

struct ssl_ctx_st;

namespace wss::tls {

/// Error 273 unless `certificate` and its chain have at least 112 bits of security (NIST SP
/// 800-57): RSA of 2048 bits, EC of 224, and no signature by SHA-1 or MD5 but a root's own.
Result<void> requireStrong(const Certificate& certificate);

/// Lets TLS 1.0 and 1.1 sign in their handshakes by SHA-1 and MD5, which is all that they know.
/// OpenSSL does that at security level 0 only, where it takes anything else, too; the level stays.
void allowOldVersions(ssl_ctx_st* context);

}  // namespace wss::tls
