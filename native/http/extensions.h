// SPDX-License-Identifier: MIT
// The value of Sec-WebSocket-Extensions as data (RFC 6455 §9.1): the list of extensions, each with
// its parameters. What they mean is not known here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wss::http {

struct ExtensionParameter {
  std::string_view name;
  std::optional<std::string> value;  ///< a token, whether it came quoted or not
};

/// The views point into the text given to parseExtensions().
struct Extension {
  std::string_view name;
  std::vector<ExtensionParameter> parameters;  ///< as they came; a name may be there twice
};

/// The extensions of `list`, several header lines being joined by commas, in order of preference;
/// nothing if it breaks the grammar. Empty elements do not count (RFC 2616 §2.1), but in a list
/// that is not empty there must be an extension.
std::optional<std::vector<Extension>> parseExtensions(std::string_view list);

}  // namespace wss::http
