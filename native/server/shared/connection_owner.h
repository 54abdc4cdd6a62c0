// SPDX-License-Identifier: MIT
// Whoever owns connections: what they cannot do without the others.
#pragma once

#include <cstdint>
#include <string>

namespace wss::server {

/// What a connection that is not open yet waits for.
enum class WaitsFor : std::uint8_t {
  kPeer,      ///< its peer, whom we have told nothing yet
  kAnswered,  ///< its peer, who has had something of ours: a step of TLS's handshake, a refusal
  kUs,        ///< a handler's answer, or its turn to shake hands
};

/// A connection calls these of its own accord. Each may end other connections, and remove() ends
/// the one that calls.
class ConnectionOwner {
 public:
  /// It waits for that now, and has gone on.
  virtual void onPending(std::int32_t id, WaitsFor waitsFor) = 0;
  /// It is open or gone: another may be accepted, perhaps.
  virtual void onNotPending(std::int32_t id) = 0;
  /// Whether one more may be open; counts it as such. If not, that has been reported.
  virtual bool takeOpen() = 0;
  /// Has the others give up messages, while there is more than MaxUnfinishedBytes of them. False:
  /// it is for `id` to give up its own.
  virtual bool boundUnfinished(std::int32_t id) = 0;
  /// Keeps to MaxQueuedBytesTotal, when a queue has grown; cuts connections, perhaps the one that
  /// calls.
  virtual void boundQueues() = 0;
  /// A text that no other connection has or will have, of this server or any other.
  virtual std::string uidOf(std::int32_t id) = 0;
  /// Its socket is closed and nobody reads its properties any more: destroys it.
  virtual void remove(std::int32_t id) = 0;

 protected:
  ~ConnectionOwner() = default;
};

}  // namespace wss::server
