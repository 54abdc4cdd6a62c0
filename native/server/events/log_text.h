// SPDX-License-Identifier: MIT
// What the Log shows of texts that peers have sent: no secrets, and no bytes that would make one
// line look like two, or like something else.
#pragma once

#include <string>
#include <string_view>

namespace wss::server {

/// `text`, UTF-8, with every control character, line separator and change of direction as an
/// escape: \r, \n, \t, \x1B, \u2028.
std::string visible(std::string_view text);

/// A request target in which *** stands for the values of query parameters that are secrets by
/// their names, such as token and password.
std::string maskedTarget(std::string_view target);

/// A header line in which *** stands for the value if it is a secret by the header's name, such as
/// Authorization and Cookie, or for subprotocols that carry one.
std::string maskedHeader(std::string_view line);

}  // namespace wss::server
