// SPDX-License-Identifier: MIT
// What a load client is to do, all of it fixed beforehand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/client_handshake.h"
#include "net/address.h"
#include "tls/contexts/client_context.h"
#include "ws/frame.h"

namespace wss::client {

enum class Mode : std::uint8_t {
  kEcho,       ///< connect all, then exchange messages
  kIdle,       ///< connect all and hold them
  kChurn,      ///< again and again: connect, exchange one message, close
  kBroadcast,  ///< connect all; the first one sends, and what it sends comes back to each of them
};

struct Plan {
  Mode mode = Mode::kEcho;
  /// The addresses of the server: where one cannot be connected to, the next one. Not empty.
  std::vector<net::Address> remotes;
  /// Connections take these in turn; empty: the system picks.
  std::vector<net::Address> localAddresses;
  http::ClientRequest request;
  /// Nothing: without TLS.
  std::optional<tls::ClientOptions> tls;

  std::uint32_t connections = 1;
  /// The id of the first connection, so that those of several processes differ.
  std::uint32_t firstId = 0;
  double connectsPerSecond = 0;     ///< 0: as fast as they go, a bounded number at a time
  std::uint32_t timeoutMs = 10000;  ///< for connecting and upgrading together, and for closing

  /// Payloads that each connection sends in turn. Not empty.
  std::vector<std::string> messages;
  /// Whether the beginning of each payload is replaced by the message's number and connection.
  bool stamped = true;
  /// Whether permessage-deflate is offered, and messages are compressed where it is agreed on.
  /// REQUIRES !stamped.
  bool deflate = false;
  ws::Opcode opcode = ws::Opcode::kBinary;
  /// Whether the server sends of its own accord: messages of the other type, which are no echoes.
  bool publications = false;
  /// Closed loop: messages of a connection that await their echo, or all of their echoes.
  std::uint32_t inFlight = 1;
  double messagesPerSecond = 0;  ///< of all connections; not 0: open loop, inFlight is unused

  /// How many of the connections send.
  [[nodiscard]] std::uint32_t senders() const { return mode == Mode::kBroadcast ? 1 : connections; }
};

}  // namespace wss::client
