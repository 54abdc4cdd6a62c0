// SPDX-License-Identifier: MIT
// The groups of key exchanges: which there are, and whose order counts. Internal to tls/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

struct ssl_ctx_st;
struct ssl_st;

namespace wss::tls {

struct Group {
  std::uint16_t number;  ///< RFC 8446 §4.2.7
  std::string name;      ///< OpenSSL's
};

/// Gives `context` the groups of `list`, which are those that openSslGroups() takes; of the hybrid
/// ones, which are new in OpenSSL 3.5, those that are there. Returns those whose order is known.
/// Error 10022 where OpenSSL does not know one, or none is left.
Result<std::vector<Group>> setGroups(ssl_ctx_st* context, std::string_view list);

/// Has OpenSSL take the first of `groups` that the client supports in TLS 1.3: by itself it takes
/// one for which there is a share already. A client without a share for the first is asked for it
/// (RFC 8446 §4.1.4). REQUIRES that `ssl` is within its client hello callback.
void preferGroup(ssl_st* ssl, std::span<const Group> groups);

}  // namespace wss::tls
