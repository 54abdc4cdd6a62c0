// SPDX-License-Identifier: MIT
// Config() in the core: every setting by its name and in text, those of the server as Name, those
// of one connection as Name[ConnectionId]. Names in any case.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "server/listening/server.h"

namespace wss::server {

/// Fails with 10022 for an unknown name, and with 126 for an unknown ConnectionId.
Result<std::string> readConfig(Server& server, std::string_view name);

/// Fails like readConfig(), and like writeSetting() and writeProperty(); nothing has changed then.
Result<void> writeConfig(Server& server, std::string_view name, std::string_view value);

/// The 10022 of a name that no setting has.
Error noSuchSetting(std::string_view name);

}  // namespace wss::server
