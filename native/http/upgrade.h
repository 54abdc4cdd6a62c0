// SPDX-License-Identifier: MIT
// The opening handshake of RFC 6455 §4.2: a request head comes in as bytes, an answer goes out as
// bytes. No I/O and no state: the caller keeps the bytes and calls again when there are more.
// Only a WebSocket upgrade over HTTP/1.1 is ever accepted, so everything that could be read in two
// ways (request smuggling) is refused, and a refused connection is closed after the answer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wss::http {

/// What one request head may cost.
struct Limits {
  std::size_t headSize = 16384;  ///< bytes up to and including the empty line
  std::size_t headers = 100;     ///< header lines
};

/// An acceptable request. The views point into the bytes given to parseUpgrade().
struct UpgradeRequest {
  std::string_view uri;      ///< request target as sent (origin form, or absolute form as it came)
  std::string_view host;     ///< Host
  std::string_view origin;   ///< Origin; empty when absent
  std::string_view key;      ///< Sec-WebSocket-Key, checked to be Base64 of 16 bytes
  std::string_view headers;  ///< the header lines as they came, each with its CR LF
  std::string subProtocols;  ///< Sec-WebSocket-Protocol, several lines joined by ", "
  std::string extensions;    ///< Sec-WebSocket-Extensions, several lines joined by ", "
};

struct ParseResult {
  enum class Status { kNeedMore, kDone, kRejected };
  Status status = Status::kNeedMore;
  UpgradeRequest request;    ///< kDone
  std::size_t consumed = 0;  ///< kDone: size of the head; what follows are frames
  int httpStatus = 0;        ///< kRejected: 400, 405, 414, 426, 431 or 505
  std::string_view reason;   ///< kRejected: a static sentence for the answer's body and the Log
};

/// Parses a request head. `seen` is how many of the bytes an earlier call has had and found too
/// few, so that a head which arrives byte by byte costs O(n) in all. What can never become a
/// request (a control character, a bare CR or LF, another protocol's greeting) is rejected at once.
ParseResult parseUpgrade(std::string_view bytes, std::size_t seen, const Limits& limits);

/// The value of the first header called `name` (any case) in `headers`, trimmed; empty if absent.
std::string_view findHeader(std::string_view headers, std::string_view name);

/// All values of the headers called `name`, joined by ", ".
std::string joinHeaders(std::string_view headers, std::string_view name);

/// Whether `list` (comma separated) has `token`, compared exactly.
bool listHasToken(std::string_view list, std::string_view token);

/// Whether `text` is a token of RFC 9110 §5.6.2.
bool isToken(std::string_view text);

/// Whether `lines` may be put into an answer: header lines separated by CR LF, each a token, a
/// colon and a value without control characters; the last CR LF may be missing. Empty is valid.
bool isValidHeaderBlock(std::string_view lines);

/// Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2 step 5.4).
std::string acceptValue(std::string_view key);

/// Appends the 101 answer. `subProtocol` and `extensions` may be empty; `extraHeaders` as in
/// isValidHeaderBlock().
void appendSwitchingProtocols(ByteQueue& out, std::string_view key, std::string_view subProtocol,
                              std::string_view extensions, std::string_view extraHeaders);

/// Appends an answer that refuses: status line, Connection: close, Content-Length, a text body of
/// `reason` and what the status asks for (426: Upgrade and Sec-WebSocket-Version; 405: Allow).
void appendRejection(ByteQueue& out, int httpStatus, std::string_view reason,
                     std::string_view extraHeaders);

}  // namespace wss::http
