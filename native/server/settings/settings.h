// SPDX-License-Identifier: MIT
// THE settings table. Reading, writing, describing, the reference page and the tests walk it;
// nothing else knows the names.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "server/settings/options.h"
#include "server/settings/setting.h"

namespace wss::server {

/// Every row, properties first, then settings, each in alphabetical order.
std::span<const Setting> settingTable();

/// The row called `name` in any case, or null.
const Setting* findSetting(std::string_view name);

/// The value as Config("Name") returns it; booleans are True and False.
std::string readSetting(const Options& options, const Setting& setting);

/// Parses and sets a value. Fails with 10022, saying what is allowed, and with the row's own code
/// while listening; the value is then unchanged. UseIOCP and UseWindowsMessages are never both
/// True.
Result<void> writeSetting(Options& options, const Setting& setting, std::string_view value,
                          bool listening);

}  // namespace wss::server
