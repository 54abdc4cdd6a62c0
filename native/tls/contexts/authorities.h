// SPDX-License-Identifier: MIT
// Who is trusted to know the clients: SSLCACerts, OpenSSLCAFile, OpenSSLCADir, SSLCACertFilePaths.
#pragma once

#include <array>
#include <cstdint>

#include "base/error.h"
#include "tls/contexts/context_options.h"

struct ssl_ctx_st;

namespace wss::tls {

/// Sessions are resumed only where this is the same.
using Scope = std::array<std::uint8_t, 32>;

/// Loads the authorities of `options` into `context`, and the names of those that were given one by
/// one, so that clients know which of their certificates to send. Error 271 when that fails.
Result<void> trustAuthorities(ssl_ctx_st* context, const ContextOptions& options);

/// A digest of what decides which clients are accepted: the authorities that `context` has loaded,
/// the contents of the folder of others, the settings, and whether somebody `asks` for the last
/// word.
Scope authenticationScope(const ssl_ctx_st* context, const ContextOptions& options, bool asks);

}  // namespace wss::tls
