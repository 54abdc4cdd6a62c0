// SPDX-License-Identifier: MIT
// The request of the opening handshake (RFC 6455 §4.2.1): a head comes in as bytes, a request or a
// refusal goes out. No I/O and no state: the caller keeps the bytes and calls again when there are
// more.
// Everything that could be read in two ways (request smuggling) is refused, and a refused
// connection is closed after the answer. What is no WebSocket upgrade is refused too, unless there
// is another server that it can be handed over to.
#pragma once

#include <cstddef>
#include <cstdint>
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
  std::string_view host;     ///< hostOf()
  std::string_view origin;   ///< Origin; empty when absent
  std::string_view headers;  ///< the header lines as they came, each with its CR LF
  std::string subProtocols;  ///< offeredSubProtocols()
  std::string extensions;    ///< Sec-WebSocket-Extensions, several lines joined by ", "
};

struct ParseResult {
  enum class Status { kNeedMore, kDone, kOther, kRejected };
  Status status = Status::kNeedMore;
  UpgradeRequest request;    ///< kDone
  std::size_t consumed = 0;  ///< kDone, kOther: size of the head and an empty line before it
  int httpStatus = 0;        ///< kRejected: 400, 405, 414, 426, 431 or 505
  std::string_view reason;   ///< kRejected: a static sentence for the answer's body and the Log
};

/// What becomes of a request that is no WebSocket upgrade.
enum class Others : std::uint8_t {
  kRefused,
  kHandedOver,   ///< kOther, if it is HTTP/1.1 or HTTP/1.0 that all read alike
  kMistakesToo,  ///< the same, and what is wrong with a WebSocket upgrade alone is for others to
                 ///< say
};

/// Sec-WebSocket-Protocol of a request, several lines joined by ", ", without empty elements.
std::string offeredSubProtocols(std::string_view headers);

/// The host of a request: that of an absolute target, else the header Host (RFC 9112 §3.2.2).
std::string_view hostOf(std::string_view uri, std::string_view headers);

/// Parses a request head. `seen` is how many of the bytes an earlier call has had and found too
/// few, so that a head which arrives byte by byte costs O(n) in all. What can never become a
/// request (a control character, a bare CR or LF, another protocol's greeting) is rejected at once.
ParseResult parseUpgrade(std::string_view bytes, std::size_t seen, const Limits& limits,
                         Others others = Others::kRefused);

}  // namespace wss::http
