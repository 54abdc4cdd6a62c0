// SPDX-License-Identifier: MIT
// The rows of the settings table that every documented component has, and those that are about
// other platforms.
#pragma once

#include <array>
#include <climits>

#include "server/settings/setting.h"

namespace wss::server {

inline constexpr auto kBaseSettings = std::to_array<Setting>({
    {.name = "BuildInfo",
     .field = &Options::buildInfo,
     .readOnly = true,
     .doc = "Versions of this package, of Node.js, and of OpenSSL, libuv and zlib in it."},
    {.name = "CodePage",
     .field = &Options::codePage,
     .max = INT_MAX,
     .doc =
         "How the texts of binary messages, pings and pongs become bytes and bytes become text: "
         "65001 UTF-8, 1252 Windows Western, and so on. Text messages are always UTF-8 (RFC 6455 "
         "§5.6). Error 10022 for one that has no encoding here."},
    {.name = "LicenseInfo",
     .field = &Options::licenseInfo,
     .readOnly = true,
     .doc = "The licence of this package; there are no keys."},
    {.name = "MaskSensitive",
     .field = &Options::maskSensitive,
     .doc =
         "Whether the Log shows *** for what would let its reader in: the values of headers such "
         "as Authorization and Cookie, and of query parameters such as token and password."},
    {.name = "ProcessIdleEvents",
     .field = &Options::processIdleEvents,
     .doc = "Whether events are processed while the main thread is idle.",
     .inert = "Node.js always does that."},
    {.name = "UseFIPSCompliantAPI",
     .field = &Options::useFipsCompliantApi,
     .doc = "Whether the OpenSSL of this process uses nothing but algorithms approved by FIPS 140; "
            "one switch for the whole process. Error 270 when it has no FIPS provider, 10045 in a "
            "worker."},
    {.name = "UseInternalSecurityAPI",
     .field = &Options::useInternalSecurityApi,
     .doc = "Whether TLS is the component's own (True) or the system's.",
     .inert = "there is one TLS here, by the OpenSSL of Node.js."},
    {.name = "UseIOCP",
     .field = &Options::useIocp,
     .doc = "Whether Windows reports by completion ports; True sets UseWindowsMessages to False.",
     .inert = "epoll reports here, or libuv where there is none."},
    {.name = "UseWindowsMessages",
     .field = &Options::useWindowsMessages,
     .doc = "Whether Windows reports by its message queue.",
     .inert = "epoll reports here, or libuv where there is none."},
});

}  // namespace wss::server
