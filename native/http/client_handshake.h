// SPDX-License-Identifier: MIT
// The client's side of the opening handshake (RFC 6455 §4.1): a request goes out as bytes, the
// server's answer comes in as bytes and is checked. No I/O and no state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wss::http {

/// What a client asks for. Nothing here may have control characters in it.
struct ClientRequest {
  std::string target;        ///< path and query, from the first slash on
  std::string host;          ///< Host, with the port unless it is the scheme's own
  std::string subProtocols;  ///< comma separated tokens; empty: none are offered
  bool deflate = false;      ///< whether permessage-deflate is offered, without context takeover
  std::string headers;       ///< further header lines, as in isValidHeaderBlock()
};

/// Appends the request with `key`, the Base64 of 16 random bytes.
void appendClientRequest(ByteQueue& out, const ClientRequest& request, std::string_view key);

struct ClientAnswer {
  enum class Status {
    kNeedMore,
    kDone,     ///< the WebSocket is open
    kRefused,  ///< a complete answer with another status than 101
    kInvalid,  ///< no answer of HTTP/1.1, or one that breaks a rule of RFC 6455 §4.1
  };
  Status status = Status::kNeedMore;
  std::size_t consumed = 0;      ///< kDone: size of the head; what follows are frames
  int httpStatus = 0;            ///< kRefused
  bool deflate = false;          ///< kDone: permessage-deflate has been agreed on
  std::string_view subProtocol;  ///< kDone: the one chosen, inside the bytes; empty if none
  std::string_view reason;       ///< kInvalid: a static sentence
};

/// Looks at the answer to `request`, sent with `key`. An answer whose head passes 16 KiB is
/// invalid.
ClientAnswer parseClientAnswer(std::string_view bytes, std::string_view key,
                               const ClientRequest& request);

}  // namespace wss::http
