// SPDX-License-Identifier: MIT
// What a connection is sent because many are: it must not be kept waiting for those who are slow.
#include <limits>

#include "server/connection/connection.h"

namespace wss::server {

bool Connection::hasRoomFor(std::size_t size, Bytes arena) {
  const auto most = static_cast<std::size_t>(shared_.options.maxQueuedBytes);
  const auto fits = [&] {
    const std::size_t waiting = outgoing_.size() + (tls_ ? tls_->sealed.size() : 0);
    return waiting == 0 || (waiting <= most && size <= most - waiting);
  };
  if (fits()) return true;
  if (outgoing_.isBlocked() || outgoing_.hasBegun()) return false;
  transmit(outgoing_.takeRun(arena));
  return isOpen() && fits();
}

void Connection::publish(Bytes arena, std::uint32_t offset, std::uint32_t size) {
  if (outgoing_.isBlocked() || outgoing_.hasBegun()) {
    return publish(arena.subspan(offset, size), arena);
  }
  cork(arena, offset, size);
}

void Connection::publish(Bytes frames, Bytes arena) {
  if (outgoing_.hasBegun()) return outgoing_.holdBack(frames);
  outgoing_.append(frames, arena);
  if (!outgoing_.isBlocked()) return touch();
  sealUnsent();
  showQueue(false);
}

void Connection::publishAlone(ws::Opcode opcode, Bytes payload, bool mayCompress, Bytes arena) {
  ByteQueue compressed;
  const bool worth = mayCompress && compress(opcode, payload, compressed);
  Outgoing frames;
  frames.enqueue(opcode, true, worth, worth ? Bytes(compressed.bytes()) : payload,
                 shared_.options.maxFramePayload());
  publish(frames.queue().bytes(), arena);
}

void Connection::skip() {
  Extra& its = extra();
  if (its.skipped < std::numeric_limits<int>::max()) ++its.skipped;
  ++shared_.statistics.messagesSkipped;
  if (its.toldSkipped) return;
  its.toldSkipped = true;
  if (shared_.events.wants(EventKind::kSkipped)) {
    shared_.events.add(EventRecord::skipped(id_, its.skipped));
  }
}

/// A message in parts has ended: what was published meanwhile goes out behind it.
void Connection::sendHeldBack() {
  if (outgoing_.queue().empty() || !isOpen()) return;
  if (outgoing_.isBlocked()) return showQueue(false);
  transmit({});
}

}  // namespace wss::server
