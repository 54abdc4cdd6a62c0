// SPDX-License-Identifier: MIT
// The host names in AllowedClients and BlockedClients, and all of their addresses. They are looked
// up before anybody is judged by them (when listening starts, and when a setting names new ones),
// and again every half minute, in a thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/lookup.h"
#include "server/timing/deadlines.h"

namespace wss::server {

/// Whose deadline it is when they are to be looked up again: no connection's id.
inline constexpr std::int32_t kNamesDeadline = 0;
/// After how many ticks that is.
inline constexpr Tick kNamesTicks = 30 * kTicksPerSecond;

class HostNames {
 public:
  /// A name whose addresses are not known, and why.
  struct Failure {
    std::string name;
    Error error;
  };
  using Failures = std::vector<Failure>;

  /// How the names are looked up; tests have their own.
  net::Resolver resolver = &net::Address::resolveAll;

  /// Forgets all but `names`, and looks up those that are new: now, which may take its time.
  Failures know(const std::vector<std::string>& names);
  [[nodiscard]] bool empty() const { return addresses_.empty(); }
  /// Whether one of the addresses of `name` is that of `client`.
  [[nodiscard]] bool has(std::string_view name, const net::Address& client) const;

  /// Begins to look up all of them again, unless that is being done.
  void refresh();
  [[nodiscard]] bool refreshing() const { return lookup_ != nullptr; }
  /// Takes what has been found, if it has. Where no name server has answered, the addresses that
  /// were known stay; a name that is not there any more has none.
  Failures takeRefreshed();

 private:
  using Addresses = std::vector<net::Address>;

  std::map<std::string, Addresses, std::less<>> addresses_;
  std::shared_ptr<net::Lookup> lookup_;
};

}  // namespace wss::server
