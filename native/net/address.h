// SPDX-License-Identifier: MIT
// An IP address with a port, in 20 bytes: IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) and
// shown as IPv4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

struct sockaddr;
struct sockaddr_storage;

namespace wss::net {

/// Which families a host name or an empty host stands for (the setting UseIPv6).
enum class Family : std::uint8_t { kIPv4 = 0, kIPv6 = 1, kBoth = 2 };

struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  bool isUnix = false;  ///< the peer is on this machine and has no address (unix(7))

  /// From what accept() or getsockname() has filled in.
  static Address from(const sockaddr* source);
  /// `host`: an IPv4 or IPv6 literal, a name (looked up, which may take its time), or empty for
  /// every interface. With kBoth an empty host is [::], which takes IPv4 too. Fails with 11001 to
  /// 11004.
  static Result<Address> resolve(std::string_view host, std::uint16_t port, Family family);
  /// An IPv4 or IPv6 literal, or nothing: no name is looked up.
  static std::optional<Address> literal(std::string_view host, std::uint16_t port);
  /// All addresses of a name, of both families and without a port; looked up, which may take its
  /// time. Fails with 11001 to 11004. May be called in any thread.
  static Result<std::vector<Address>> resolveAll(const std::string& name);

  [[nodiscard]] bool isIPv4() const;
  /// Whether it stands for every interface (0.0.0.0 or ::).
  [[nodiscard]] bool isAny() const;
  /// "127.0.0.1", "::1": without the port; "unix:" when there is no address.
  [[nodiscard]] std::string host() const;
  /// "127.0.0.1:80", "[::1]:80", "unix:".
  [[nodiscard]] std::string text() const;
  /// Fills `target` for bind() or connect() and returns the size used.
  unsigned int toSockaddr(sockaddr_storage* target) const;
};

/// The documented code, 11001 to 11004, of what getaddrinfo(3) says.
ErrorCode lookupErrorCode(int status);

}  // namespace wss::net
