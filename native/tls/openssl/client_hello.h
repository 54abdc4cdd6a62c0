// SPDX-License-Identifier: MIT
// What a client offers, as names and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ssl_st;

namespace wss::tls {

/// What a client offers, for whoever chooses its certificate. Lists are separated by commas.
struct ClientHello {
  std::string serverName;           ///< empty when the client names none
  std::string cipherSuites;         ///< IANA names
  std::string signatureAlgorithms;  ///< documented names
};

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
