// SPDX-License-Identifier: MIT
// Which sessions are resumed. A ticket, sealed by TicketKeys, says when the full handshake of its
// session was and who the client was. So a session ends with its lifetime, however often it is
// resumed, and a client that is no longer trusted has to shake hands in full. Internal to tls/.
#pragma once

#include <cstdint>
#include <vector>

#include "tls/certificates/certificate.h"
#include "tls/contexts/context_options.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace wss::tls {

/// Has the tickets of `context` obey that. `options` must outlive it.
void limitSessions(ssl_ctx_st* context, const ContextOptions& options);

/// Whether `flags` (SSLSecurityFlags) overlook `error`, an X509_V_ERR.
bool forgives(std::uint32_t flags, int error);

/// The chain that the client sent in the full handshake of `session`, which has been resumed.
std::vector<Certificate::X509> keptChain(ssl_session_st* session);

/// Frees what `session`, which gives no more tickets, keeps for them.
void forgetOrigin(ssl_session_st* session);

}  // namespace wss::tls
