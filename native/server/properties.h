// SPDX-License-Identifier: MIT
// THE table of a connection's properties (documented as WSConnectionX), as far as the core knows
// them: a row has the name, how to read it, and how to write it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"

namespace wss::server {

class Connection;

using PropertyValue = std::variant<bool, int, std::string>;

struct Property {
  std::string_view name;  ///< without the documented prefix WSConnection
  PropertyValue (*read)(const Connection& connection);
  /// Null for one that is read-only. Takes the type that read() returns.
  Result<void> (*write)(Connection& connection, const PropertyValue& value);
};

/// Every row, in alphabetical order.
std::span<const Property> propertyTable();

}  // namespace wss::server
