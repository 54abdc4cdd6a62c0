// SPDX-License-Identifier: MIT
// From the settings of cipher suites to OpenSSL's two lists: those of TLS 1.3, and those of the
// older versions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

struct ssl_ctx_st;

namespace wss::tls {

struct Suites {
  std::string tls13;
  std::string older;
  std::string missing;  ///< by their IANA names, separated by ", ": OpenSSL does not have them
};

/// `names` are IANA names, or "*" for those that are safe; then `openSslList`, unless it is empty,
/// says which of the older versions are. Error 10022 for a name that neither OpenSSL nor the
/// documentation knows, and where OpenSSL has none of them.
Result<Suites> chosenSuites(std::string_view names, std::string_view openSslList);

/// Those of the suites set in `context` whose cipher has at least `bits`.
Suites strongSuites(const ssl_ctx_st* context, int bits);

}  // namespace wss::tls
