// SPDX-License-Identifier: MIT
// HKDF-Extract and HKDF-Expand-Label (RFC 8446 §7.1) for OpenSSL, whose own looks up and allocates
// a MAC and a hash for each of the many keys and secrets of a handshake.
#pragma once

namespace wss::tls {

/// The property query (property(7)) of an SSL_CTX that is to have its keys derived here; null if
/// that cannot be. It is a wish: what the process wants of all providers, FIPS say, goes first.
/// What is known to OpenSSL from then on is this library's: it must stay loaded.
const char* keyDerivation();

}  // namespace wss::tls
