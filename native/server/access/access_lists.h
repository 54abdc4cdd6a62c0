// SPDX-License-Identifier: MIT
// Who may connect: lists of clients (AllowedClients, BlockedClients) and of origins
// (AllowedOrigins).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

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
  /// Whether `address` is in it. `known.has(name, address)` says whether it is one of a name's.
  template <typename Names>
  [[nodiscard]] bool matches(const net::Address& address, const Names& known) const {
    if (address.isUnix) return unix_;
    const auto isHis = [&](const std::string& name) { return known.has(name, address); };
    return isInRange(address) || std::ranges::any_of(names_, isHis);
  }

 private:
  using Ip = std::array<std::uint8_t, 16>;
  struct Range {
    Ip ip;
    Ip mask;
  };

  [[nodiscard]] bool isInRange(const net::Address& address) const;

  std::string text_;
  std::vector<Range> ranges_;
  std::vector<std::string> names_;
  bool unix_ = false;  ///< it has those without an address
};

/// Whether `origin` (RFC 6454 §7), in any case, is in `list`: origins separated by commas, in which
/// a * stands for any number of characters.
bool isAllowedOrigin(std::string_view list, std::string_view origin);

}  // namespace wss::server
