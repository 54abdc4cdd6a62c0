// SPDX-License-Identifier: MIT
// How many clients may connect at once from one address (MaxConnectionsPerAddress).
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "net/address.h"

namespace wss::server {

/// What tells clients apart: an IPv4 address, or of IPv6 the first half, as a single one has all of
/// the rest. The same for all without an address.
using AddressKey = std::array<std::uint8_t, 16>;
AddressKey addressKey(const net::Address& address);

/// How many connections there are from each address.
class AddressCounts {
 public:
  /// Counts one more, unless there are `limit` already.
  bool add(const net::Address& address, int limit);
  /// Counts one less, if it has been counted.
  void remove(const net::Address& address);
  /// Whether everyone is counted: not while there is no limit, so that it costs nothing then.
  [[nodiscard]] bool counting() const { return counting_; }
  /// Begins with nobody, or ends.
  void setCounting(bool counting);

 private:
  bool counting_ = false;
  std::map<AddressKey, int> counts_;
};

}  // namespace wss::server
