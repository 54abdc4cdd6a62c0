// SPDX-License-Identifier: MIT
// What a client offers, as names. Internal to tls/.
#pragma once

#include "tls/session.h"

namespace wss::tls {

/// REQUIRES that `ssl` is within its client hello callback.
ClientHello readClientHello(ssl_st* ssl);

}  // namespace wss::tls
