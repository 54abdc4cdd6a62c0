// SPDX-License-Identifier: MIT
// What a connection is doing, and what may come after it. docs/architecture.md has the same as a
// table, with what leads from one to the next; test/project/states.test.ts compares them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace wss::server {

/// In the order of a life.
enum class ConnectionState : std::uint8_t {
  kAskedConnection,   ///< parked until ConnectionRequest is answered
  kHandshake,         ///< of TLS
  kAskedCertificate,  ///< parked until SSLConnectionRequest is answered
  kAskedClient,       ///< parked until SSLClientAuthentication is answered
  kRequest,           ///< reading the request head
  kAskedOpen,         ///< parked until WebSocketOpenRequest is answered
  kOpen,
  kLeaving,   ///< the peer's last frame has been read, but not yet all that came before it handled
  kClosing,   ///< our Close is on its way, the peer's is awaited
  kTunnel,    ///< no WebSocket: under TLS, its bytes go to another server and back
  kFlushing,  ///< closes as soon as the queue is flushed
  kDraining,  ///< sends FIN when the queue is flushed, discards until the peer closes too
  kClosed,
};

/// Whether a handler's answer is awaited.
constexpr bool isAsked(ConnectionState state) {
  using enum ConnectionState;
  return state == kAskedConnection || state == kAskedCertificate || state == kAskedClient ||
         state == kAskedOpen;
}

/// Whether TLS may still have to ask and to shake hands.
constexpr bool isBeforeRequest(ConnectionState state) { return state < ConnectionState::kRequest; }
/// Whether the request has not been answered.
constexpr bool isBeforeOpen(ConnectionState state) { return state < ConnectionState::kOpen; }
/// Whether it is a WebSocket: from the 101 answer until Disconnected.
constexpr bool isWebSocket(ConnectionState state) {
  return state >= ConnectionState::kOpen && state <= ConnectionState::kClosing;
}
/// Whether frames are read.
constexpr bool readsFrames(ConnectionState state) {
  return state == ConnectionState::kOpen || state == ConnectionState::kClosing;
}

/// Whether `next` may come after `state`.
constexpr bool mayFollow(ConnectionState state, ConnectionState next) {
  using enum ConnectionState;
  using States = std::initializer_list<ConnectionState>;
  constexpr auto setOf = [](States states) {
    std::uint16_t set = 0;
    for (const ConnectionState one : states) {
      set = static_cast<std::uint16_t>(set | 1U << static_cast<unsigned>(one));
    }
    return set;
  };
  constexpr std::array<std::uint16_t, static_cast<std::size_t>(kClosed) + 1> kNext = {
      /* kAskedConnection */ setOf({kHandshake, kRequest, kClosed}),
      /* kHandshake */ setOf({kAskedCertificate, kAskedClient, kRequest, kDraining, kClosed}),
      /* kAskedCertificate */ setOf({kHandshake, kClosed}),
      /* kAskedClient */ setOf({kHandshake, kClosed}),
      /* kRequest */ setOf({kAskedOpen, kTunnel, kDraining, kClosed}),
      /* kAskedOpen */ setOf({kOpen, kDraining, kClosed}),
      /* kOpen */ setOf({kLeaving, kClosing, kDraining, kClosed}),
      /* kLeaving */ setOf({kFlushing, kDraining, kClosed}),
      /* kClosing */ setOf({kFlushing, kDraining, kClosed}),
      /* kTunnel */ setOf({kDraining, kClosed}),
      /* kFlushing */ setOf({kDraining, kClosed}),
      /* kDraining */ setOf({kClosed}),
      /* kClosed */ setOf({}),
  };
  return (kNext[static_cast<std::size_t>(state)] >> static_cast<unsigned>(next) & 1U) != 0;
}

}  // namespace wss::server
