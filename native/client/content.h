// SPDX-License-Identifier: MIT
// What message number n of a connection says, to the sender and to who checks the echo.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace wss::client {

class Content {
 public:
  Content(std::vector<std::string> messages, bool stamped)
      : messages_(std::move(messages)), stamped_(stamped) {}

  /// Valid until the next call. A stamp is text; a message that is too short for it has the lower
  /// digits of the number only.
  Bytes message(std::uint32_t connection, std::uint64_t number);
  /// The same, compressed (RFC 7692 §7.2.1). REQUIRES that messages are not stamped. What is
  /// returned stays valid.
  Bytes compressed(std::uint64_t number);

 private:
  std::vector<std::string> messages_;
  std::vector<ByteQueue> compressed_;  ///< of each message; filled with the first that is asked for
  bool stamped_;
};

}  // namespace wss::client
