// SPDX-License-Identifier: MIT
// What a connection sends: from Outgoing to the kernel, under TLS through the session.
#include <algorithm>
#include <cstring>
#include <utility>

#include "server/connection/connection.h"
#include "ws/writer.h"

namespace wss::server {
namespace {

constexpr std::string_view kLost = "the connection was lost";

}  // namespace

void Connection::cork(Bytes arena, std::uint32_t offset, std::uint32_t size) {
  outgoing_.cork(arena, offset, size);
  touch();
}

void Connection::corkMessage(ws::Opcode opcode, Bytes payload, bool mayCompress, Bytes arena) {
  outgoing_.back().append(outgoing_.takeRun(arena));
  ByteQueue compressed;
  const bool worth = mayCompress && compress(opcode, payload, compressed);
  enqueue(opcode, true, worth, worth ? Bytes(compressed.bytes()) : payload);
  touch();
}

bool Connection::compress(ws::Opcode opcode, Bytes payload, ByteQueue& out) {
  return outgoing_.compress(opcode, payload, shared_.options, shared_.streams, out);
}

void Connection::enqueue(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload) {
  outgoing_.enqueue(opcode, fin, rsv1, payload, shared_.options.maxFramePayload());
}

void Connection::flush(Bytes arena) {
  touched_ = false;
  transmit(outgoing_.takeRun(arena));
}

/// Hands what waits and `run` to the kernel. Not the same as flush(), which the server calls for
/// those in its list: one that is still in it must go on saying so.
void Connection::transmit(Bytes run) {
  if (!socket_.isOpen()) return;
  if (tls_) {
    sealUnsent();
    seal({}, run);
    run = {};
  }
  if (outgoing_.sharesFrames()) return transmitShared(run);
  const ByteQueue& waiting = wire();
  if (waiting.empty() && run.empty()) return finishIfFlushed();

  const net::Transfer transfer =
      waiting.empty() ? socket_.send(run) : socket_.send(waiting.bytes(), run);
  onTransfer(transfer, run);
}

void Connection::onTransfer(const net::Transfer& transfer, Bytes unqueued) {
  if (transfer.status == net::Transfer::Status::kFailed) {
    if (isConnected()) return lose(std::strerror(transfer.error));
    return closeSocket(true);
  }
  ByteQueue& waiting = wire();
  const std::size_t fromQueue = std::min(transfer.count, waiting.size());
  if (fromQueue > 0) waiting.consume(fromQueue);
  keep(unqueued.subspan(transfer.count - fromQueue));
  onSent(transfer.count);
}

/// Of what was to go to the kernel, it has taken the first `count` bytes, which are no longer
/// there.
void Connection::onSent(std::size_t count) {
  onTaken(count);
  const bool wasBlocked = outgoing_.isBlocked();
  setBlocked(!isWireEmpty());
  if (outgoing_.isBlocked() || wasBlocked) {
    showQueue(!wasBlocked || count > 0);
    if (!socket_.isOpen()) return;
  }
  // A peer that does not even take our Close must not hold the connection for ever.
  if (outgoing_.isBlocked() && state_ == State::kFlushing) return drain();
  finishIfFlushed();
}

void Connection::showQueue(bool progress) {
  Holders& queues = shared_.queues;
  if (!outgoing_.isBlocked()) return queues.remove(id_);
  if (progress) {
    queues.progress(id_, queueMemory(), shared_.now(), socket_.unsent(), outgoing_.sharedSize());
    shared_.timers.start();
  } else {
    queues.resize(id_, queueMemory(), outgoing_.sharedSize());
  }
  shared_.owner.boundQueues();
}

bool Connection::hasTakenMore() {
  const std::uint32_t unsent = socket_.unsent();
  if (unsent >= shared_.queues.mark(id_)) return false;
  shared_.queues.progress(id_, queueMemory(), shared_.now(), unsent, outgoing_.sharedSize());
  return true;
}

void Connection::finishIfFlushed() {
  if (!isWireEmpty()) return;
  const bool done = state_ == State::kFlushing || (state_ == State::kDraining && peerEnded_);
  if (done) return closeSocket(false);
  const bool ends = state_ == State::kTunnel && extra_->tunnel->hasEnded();
  if (state_ == State::kDraining || ends) socket_.finish();
}

void Connection::onWritable() { transmit({}); }

void Connection::setBlocked(bool blocked) {
  if (outgoing_.isBlocked() == blocked) return;
  const bool wasReady = isReadyToSend();
  if (outgoing_.setBlocked(blocked)) touch();
  watch();
  tellIfReady(wasReady);
}

void Connection::setParts(std::optional<Parts> parts) {
  if (!parts && !outgoing_.inParts()) return;
  const bool wasReady = isReadyToSend();
  outgoing_.setParts(parts);
  if (!parts) sendHeldBack();
  settleIfDrained();
  tellIfReady(wasReady);
}

/// After what may have changed whether sends are taken.
void Connection::tellIfReady(bool wasReady) {
  showStatus();
  const bool tell = !wasReady && isReadyToSend() && shared_.events.wants(EventKind::kReadyToSend);
  if (tell) shared_.events.add(EventRecord::readyToSend(id_));
  if (extra_ && isReadyToSend()) extra_->toldSkipped = false;
}

Result<void> Connection::setMessageLength(int bytes) {
  if (sendsWait()) {
    return makeError(ErrorCode::kInvalidArgument,
                     "MessageLength is for connections whose Timeout is 0");
  }
  Result<void> set = outgoing_.setMessageLength(bytes);
  if (set.ok()) showStatus();
  return set;
}

Result<bool> Connection::send(ws::Opcode opcode, Bytes payload, std::int32_t token,
                              bool mayCompress) {
  bytesSent_ = 0;
  if (outgoing_.isBlocked() && (!sendsWait() || isFull())) {
    return makeError(ErrorCode::kWouldBlock, "wait for ReadyToSend, then send again");
  }
  if (Result<void> may = outgoing_.mayBegin(opcode); !may.ok()) return may.error();
  const bool sent = messageLength() > 0 && !ws::isControl(opcode)
                        ? putWithLength(opcode, payload)
                        : putMessage(opcode, payload, mayCompress);
  if (!sent) return makeError(ErrorCode::kInvalidArgument, kNotUtf8);
  if (!isOpen()) return makeError(ErrorCode::kSendFailed, kLost);
  if (!sendsWait()) {
    bytesSent_ = static_cast<std::int32_t>(payload.size());
    return true;
  }
  return waitUnless(Goal::kTaken, token);
}

Result<bool> Connection::sendPart(ws::Opcode opcode, Bytes payload, bool last, std::int32_t token) {
  Result<Parts> parts = outgoing_.part(opcode, payload, last, isFull());
  if (!parts.ok()) return parts.error();
  shared_.statistics.countSent(payload.size(), last);
  put(opcode, last, false, payload);
  if (!isOpen()) return makeError(ErrorCode::kSendFailed, kLost);
  setParts(last ? std::nullopt : std::optional(parts.value()));
  return waitUnless(Goal::kTaken, token);
}

/// False when it is a text and not UTF-8.
bool Connection::putMessage(ws::Opcode opcode, Bytes payload, bool mayCompress) {
  if (!Parts::of(opcode).add(payload, true)) return false;
  if (!ws::isControl(opcode)) shared_.statistics.countSent(payload.size());
  ByteQueue compressed;
  const bool worth = mayCompress && compress(opcode, payload, compressed);
  put(opcode, true, worth, worth ? Bytes(compressed.bytes()) : payload);
  return true;
}

/// Puts what `payload` has of the message of messageLength() bytes; what it has beyond is a message
/// of its own. False when a text is not UTF-8.
bool Connection::putWithLength(ws::Opcode opcode, Bytes payload) {
  const std::optional<Outgoing::Cut> cut = outgoing_.cut(opcode, payload);
  if (!cut) return false;
  shared_.statistics.countSent(cut->part.size(), cut->ends);
  put(cut->begins ? opcode : ws::Opcode::kContinuation, cut->ends, false, cut->part);
  if (!isOpen()) return true;
  outgoing_.advance(*cut);
  if (cut->ends) sendHeldBack();
  showStatus();
  return cut->rest.empty() || putMessage(opcode, cut->rest, false);
}

/// Hands frames to the kernel, or puts them behind what waits. Most go as they are, not through the
/// queue.
void Connection::put(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload) {
  ByteQueue& queue = outgoing_.queue();
  if (outgoing_.waiting() > 0 || payload.size() > shared_.options.maxFramePayload()) {
    enqueue(opcode, fin, rsv1, payload);
    sealUnsent();
    return outgoing_.isBlocked() ? showQueue(false) : transmit({});
  }
  std::uint8_t header[ws::kMaxHeaderSize];
  const Bytes head(header, ws::writeHeader(header, opcode, fin, rsv1, payload.size()));
  if (tls_) {
    seal(head, payload);
    return outgoing_.isBlocked() ? showQueue(false) : transmit({});
  }
  const net::Transfer transfer = socket_.send(head, payload);
  if (extra_) extra_->handed += static_cast<std::int64_t>(transfer.count);
  const std::size_t ofHead = std::min(transfer.count, head.size());
  queue.append(head.subspan(ofHead));
  onTransfer({transfer.status, 0, transfer.error}, payload.subspan(transfer.count - ofHead));
}

void Connection::watch() {
  if (!socket_.isOpen()) return;
  // One that has read its last frame is about to close: not worth a system call.
  const bool pauses = isOpen() && paused_;
  const bool reads = !isAsked(state_) && !peerEnded_ && !pauses && !unread_ && !isTunnelFull();
  if (state_ == State::kTunnel) extra_->tunnel->setWanted(!outgoing_.isBlocked());
  // The peer's end is not watched for while something waits that came before it: that comes first.
  socket_.watch(reads, outgoing_.isBlocked(), pauses && !incoming_.isBehind() && !unread_);
}

void Connection::touch() {
  if (touched_) return;
  touched_ = true;
  shared_.touched.push_back(this);
}

void Connection::showStatus() {
  const bool takes = isReadyToSend() && !sendsWait() && messageLength() == 0;
  shared_.status.show(id_, takes ? id_ : isOpen() ? -id_ : 0);
}

Connection::Extra& Connection::extra() {
  if (!extra_) extra_ = std::make_unique<Extra>();
  return *extra_;
}

}  // namespace wss::server
