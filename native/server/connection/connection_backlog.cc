// SPDX-License-Identifier: MIT
// What a connection has received and not yet handled, because it was too much for one turn: frames,
// the rest of a compressed message, lines. Its socket is not read from meanwhile.
#include <utility>

#include "server/connection/connection.h"

namespace wss::server {

void Connection::waitIfBehind() {
  if (!incoming_.isBehind()) return;
  if (socket_.isOpen()) socket_.defer();
  queueIfBehind();
}

void Connection::queueIfBehind() {
  if (!incoming_.isBehind() || queuedToCatchUp_) return;
  queuedToCatchUp_ = true;
  shared_.backlogs.push(id_);
}

void Connection::catchUp() {
  queuedToCatchUp_ = false;
  // Waits until data is accepted again.
  if (paused_ && isOpen()) return;
  if (paused_) incoming_.forget(target());
  if (std::optional<LastFrame> last = incoming_.catchUp(target())) onLast(*std::move(last));
  if (!incoming_.isBehind()) readBacklog();
  waitIfBehind();
  if (!incoming_.isBehind() && socket_.isOpen()) socket_.resume();
}

void Connection::readBacklog() {
  // In memory that reading may not pull away.
  ByteQueue frames;
  frames.swap(incoming_.kept());
  const std::size_t rest = readFrames(frames.bytes()).size();
  frames.consume(frames.size() - rest);
  incoming_.kept().swap(frames);
}

}  // namespace wss::server
