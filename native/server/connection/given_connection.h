// SPDX-License-Identifier: MIT
// A connection that somebody else has accepted, and whose request has been read there.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "http/answer.h"
#include "net/address.h"

namespace wss::server {

struct GivenConnection {
  int fd;                             ///< taken over
  std::optional<net::Address> local;  ///< where its client has come to, if `fd` is not its socket
  Bytes head;                         ///< of its request, whole, and what came behind it; not empty
  const http::Answer* answer;         ///< what to answer; null: that is asked for
};

}  // namespace wss::server
