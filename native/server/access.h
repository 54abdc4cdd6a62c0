// SPDX-License-Identifier: MIT
// Who may connect: lists of addresses (AllowedClients, BlockedClients), lists of origins
// (AllowedOrigins), and how many at once from one address (MaxConnectionsPerAddress).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "server/host_names.h"

namespace wss::server {

/// What the items of a list of clients may be, for an error.
inline constexpr std::string_view kClientListForm =
    "a list, separated by commas, of addresses (10.0.0.1, ::1), of address ranges (10.0.0.0/8, "
    "10.*), of host names, of unix: for clients of a socket in the file system, or *";

/// Whether `text` is a list of clients.
bool isClientList(std::string_view text);

/// A list of clients. IPv4-mapped IPv6 addresses count as the IPv4 ones.
class ClientList {
 public:
  /// Makes it that of `text`, a list of clients; false if it is that already.
  bool assign(std::string_view text);
  /// The host names in it, which have to be looked up.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Whether `address` is in it, by whatever is known of its names.
  [[nodiscard]] bool matches(const net::Address& address, const HostNames& known) const;

 private:
  using Ip = std::array<std::uint8_t, 16>;
  struct Range {
    Ip ip;
    Ip mask;
  };

  std::string text_;
  std::vector<Range> ranges_;
  std::vector<std::string> names_;
  bool unix_ = false;  ///< it has those without an address
};

/// Whether `origin` (RFC 6454 §7), in any case, is in `list`: origins separated by commas, in which
/// a * stands for any number of characters.
bool isAllowedOrigin(std::string_view list, std::string_view origin);

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
