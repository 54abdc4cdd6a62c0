// SPDX-License-Identifier: MIT
// What a client offers, as names. Internal to tls/.
#pragma once

#include <cstdint>
#include <vector>

#include "tls/session.h"

namespace wss::tls {

/// REQUIRES that `ssl` is within its client hello callback.
ClientHello readClientHello(ssl_st* ssl);

/// What a client says about groups, by their numbers (RFC 8446 §4.2.7).
struct OfferedGroups {
  bool isTls13 = false;
  std::vector<std::uint16_t> supported;
  std::vector<std::uint16_t> shares;  ///< those for which it has sent a share
};

/// REQUIRES that `ssl` is within its client hello callback.
OfferedGroups readOfferedGroups(ssl_st* ssl);

}  // namespace wss::tls
