// SPDX-License-Identifier: MIT
// What the server answers to an opening request, as bytes (RFC 6455 §4.2.2).
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wss::http {

/// Sec-WebSocket-Version: the only one there is.
inline constexpr std::string_view kWebSocketVersion = "13";

/// What an application says to a request.
struct Answer {
  int status = 0;                        ///< 101 accepts
  std::string_view subProtocol;          ///< one of those offered
  std::string_view headers;              ///< lines to add, as in isValidHeaderBlock()
  std::optional<std::string_view> body;  ///< of a refusal; nothing: the server says something
};

/// What is wrong with `answer`, as a sentence about what is allowed; empty if nothing is.
std::string_view mistakeIn(const Answer& answer);

/// Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2 step 5.4).
std::string acceptValue(std::string_view key);

/// Appends the 101 answer. `subProtocol` and `extensions` may be empty; `extraHeaders` as in
/// isValidHeaderBlock().
void appendSwitchingProtocols(ByteQueue& out, std::string_view key, std::string_view subProtocol,
                              std::string_view extensions, std::string_view extraHeaders);

/// `time` in the form of the header Date (RFC 9110 §5.6.7).
std::string dateText(std::time_t time);

/// Appends an answer that refuses: status line, Date, Connection: close, Content-Length, `body`,
/// which is text unless `extraHeaders` say something else, and what the status asks for (426:
/// Upgrade and Sec-WebSocket-Version; 405: Allow). A Date, Content-Type or Allow in `extraHeaders`
/// replaces ours.
void appendRejection(ByteQueue& out, int httpStatus, std::string_view body,
                     std::string_view extraHeaders);

}  // namespace wss::http
