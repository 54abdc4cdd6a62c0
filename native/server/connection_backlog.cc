// SPDX-License-Identifier: MIT
// What a connection has received and not yet handled, because it was too much for one turn: frames,
// the rest of a compressed message, lines. Its socket is not read from meanwhile.
#include <utility>

#include "server/connection.h"

namespace wss::server {

void Connection::fallBehind() {
  behind_ = true;
  if (socket_.isOpen()) socket_.defer();
  toCatchUp();
}

void Connection::toCatchUp() {
  if (!behind_ || queuedToCatchUp_) return;
  queuedToCatchUp_ = true;
  shared_.backlogs.push(id_);
}

void Connection::catchUp() {
  queuedToCatchUp_ = false;
  // Waits until data is accepted again.
  if (paused_ && isOpen()) return;
  behind_ = false;
  if (paused_) forgetMessage();
  if (extra_ && extra_->inflation) inflateMore();
  if (!behind_ && extra_ && extra_->lines) deliverMoreLines();
  if (!behind_) readBacklog();
  if (!behind_ && socket_.isOpen()) socket_.resume();
}

void Connection::readBacklog() {
  // In memory that reading may not pull away.
  ByteQueue frames;
  frames.swap(input_);
  const std::size_t rest = readFrames(frames.bytes()).size();
  frames.consume(frames.size() - rest);
  input_.swap(frames);
}

}  // namespace wss::server
