// SPDX-License-Identifier: MIT
// What the server answers to an opening request, as bytes (RFC 6455 §4.2.2).
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wss::http {

/// Sec-WebSocket-Version: the only one there is.
inline constexpr std::string_view kWebSocketVersion = "13";

/// Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2 step 5.4).
std::string acceptValue(std::string_view key);

/// Appends the 101 answer. `subProtocol` and `extensions` may be empty; `extraHeaders` as in
/// isValidHeaderBlock().
void appendSwitchingProtocols(ByteQueue& out, std::string_view key, std::string_view subProtocol,
                              std::string_view extensions, std::string_view extraHeaders);

/// `time` in the form of the header Date (RFC 9110 §5.6.7).
std::string dateText(std::time_t time);

/// Appends an answer that refuses: status line, Date, Connection: close, Content-Length, a text
/// body of `reason` and what the status asks for (426: Upgrade and Sec-WebSocket-Version; 405:
/// Allow).
void appendRejection(ByteQueue& out, int httpStatus, std::string_view reason,
                     std::string_view extraHeaders);

}  // namespace wss::http
