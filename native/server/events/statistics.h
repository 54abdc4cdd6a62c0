// SPDX-License-Identifier: MIT
// What has been counted since a server was made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wss::server {

/// Messages and their payload bytes; no control frames.
struct Statistics {
  std::uint64_t messagesIn = 0;
  std::uint64_t messagesOut = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
  std::uint64_t connectionsAccepted = 0;
  std::uint64_t connectionsRefused = 0;  ///< beyond MaxConnections, or for want of descriptors
  std::uint64_t messagesSkipped = 0;     ///< publications that slow peers have not got
  std::uint64_t connectionsEvicted = 0;  ///< not open yet, and closed for a newer one

  void countReceived(std::uint64_t size) {
    ++messagesIn;
    bytesIn += size;
  }
  /// Whole messages of so many bytes together.
  void countPublished(std::size_t messages, std::uint64_t bytes) {
    messagesOut += messages;
    bytesOut += bytes;
  }
  /// A message, or with `last` unset a part of one that goes on.
  void countSent(std::size_t size, bool last = true) {
    if (last) ++messagesOut;
    bytesOut += size;
  }
};

}  // namespace wss::server
