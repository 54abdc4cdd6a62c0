// SPDX-License-Identifier: MIT
// Who is trusted to know the clients: SSLCACerts, OpenSSLCAFile, OpenSSLCADir, SSLCACertFilePaths.
#pragma once

#include <array>
#include <cstdint>

#include "base/error.h"
#include "tls/context.h"

namespace wss::tls {

/// Loads the authorities of `options` into `context`, and the names of those that were given one by
/// one, so that clients know which of their certificates to send. Error 271 when that fails.
Result<void> trustAuthorities(ssl_ctx_st* context, const ContextOptions& options);

/// A digest of what decides which clients are accepted, such as whether somebody `asks` for the
/// last word. Resuming a session skips the check of the client's certificate, so sessions are only
/// resumed where this is the same.
std::array<std::uint8_t, 32> authenticationScope(const ContextOptions& options, bool asks);

}  // namespace wss::tls
