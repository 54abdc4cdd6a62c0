// SPDX-License-Identifier: MIT
// THE table of what belongs to one connection, as far as the core knows it: the documented
// properties WSConnectionX, and the configuration settings X[ConnectionId]. A row has the name, how
// to read it, and how to write it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"

namespace wss::server {

class Connection;

using PropertyValue = std::variant<bool, int, std::string>;
/// A PropertyValue that a table can hold.
using PropertyDefault = std::variant<bool, int, std::string_view>;

struct Property {
  std::string_view name;  ///< without the documented prefix WSConnection
  PropertyValue (*read)(const Connection& connection);
  /// Null for one that is read-only. Takes the type that read() returns, and a number in range.
  Result<void> (*write)(Connection& connection, const PropertyValue& value);
  std::int64_t min = 0;  ///< least value of a number
  std::int64_t max = 0;  ///< greatest value of a number

  // Only for a configuration setting, which Config reaches as Name[ConnectionId].
  bool setting = false;
  PropertyDefault initial = {};  ///< what a new connection has
  std::string_view doc = {};     ///< one sentence, with the unit
};

/// Every row, in alphabetical order.
std::span<const Property> propertyTable();

/// Writes a value of the type that read() returns. Fails with 10022 when the row is read-only or
/// the number out of range, and with what the row itself says.
Result<void> writeProperty(Connection& connection, const Property& property,
                           const PropertyValue& value);

}  // namespace wss::server
