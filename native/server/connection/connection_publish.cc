// SPDX-License-Identifier: MIT
// What a connection is sent because many are: it must not be kept waiting for those who are slow.
#include <limits>
#include <utility>

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
  if (!tls_ && !outgoing_.follows(offset)) keep(outgoing_.takeRun(arena));
  cork(arena, offset, size);
}

void Connection::publish(Bytes frames, Bytes arena) {
  if (outgoing_.hasBegun()) return outgoing_.holdBack(frames);
  if (tls_) {
    outgoing_.append(frames, arena);
  } else {
    keep(outgoing_.takeRun(arena));
    keep(frames);
  }
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

void Connection::keepAll(Bytes unsent) {
  if (tls_) return tls_->sealed.append(unsent);
  while (!unsent.empty()) {
    SharedFrames::Part part = shared_.frames.firstOf(unsent);
    const Bytes bytes = unsent.first(part.size);
    unsent = unsent.subspan(part.size);
    if (part.frame) {
      outgoing_.share(std::move(part));
    } else {
      outgoing_.back().append(bytes);
    }
  }
}

/// transmit() while frames wait that others have as well.
void Connection::transmitShared(Bytes run) {
  keep(run);
  std::size_t sent = 0;
  while (outgoing_.waiting() > 0) {
    const auto [first, second] = outgoing_.front();
    const net::Transfer transfer = socket_.send(first, second);
    if (transfer.status == net::Transfer::Status::kFailed) return onTransfer(transfer, {});
    outgoing_.consume(transfer.count);
    sent += transfer.count;
    if (transfer.count < first.size() + second.size()) break;
  }
  onSent(sent);
}

/// A message in parts has ended: what was published meanwhile goes out behind it.
void Connection::sendHeldBack() {
  if (outgoing_.waiting() == 0 || !isOpen()) return;
  if (outgoing_.isBlocked()) return showQueue(false);
  transmit({});
}

}  // namespace wss::server
