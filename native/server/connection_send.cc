// SPDX-License-Identifier: MIT
// What a connection sends: the cork, the queue behind it, and those who wait for either.
#include <algorithm>
#include <cstring>
#include <utility>

#include "server/connection.h"
#include "ws/writer.h"

namespace wss::server {
namespace {

constexpr std::string_view kInParts =
    "a message is being sent in parts: wait for ReadyToSend, then send again";
constexpr std::string_view kNotUtf8 = "the bytes are not UTF-8: send them as binary";
constexpr std::string_view kLost = "the connection was lost";

}  // namespace

void Connection::cork(Bytes arena, std::uint32_t offset, std::uint32_t size) {
  if (runSize_ > 0 && runOffset_ + runSize_ == offset) {
    runSize_ += size;
    return;
  }
  if (runSize_ > 0) outgoing().append(arena.subspan(runOffset_, runSize_));
  runOffset_ = offset;
  runSize_ = size;
  touch();
}

void Connection::corkMessage(ws::Opcode opcode, Bytes payload, bool mayCompress, Bytes arena) {
  outgoing().append(arena.subspan(runOffset_, std::exchange(runSize_, 0)));
  ByteQueue compressed;
  const bool worth = mayCompress && compress(opcode, payload, compressed);
  enqueue(opcode, true, worth, worth ? Bytes(compressed.bytes()) : payload);
  touch();
}

bool Connection::compresses(ws::Opcode opcode, std::size_t size) const {
  const Options& options = shared_.options;
  const std::size_t limit =
      options.compressionLimit == 0 ? SIZE_MAX : static_cast<std::size_t>(options.compressionLimit);
  return deflateBits_ != 0 && !ws::isControl(opcode) && size <= limit &&
         size >= static_cast<std::size_t>(options.compressionThreshold);
}

bool Connection::compress(ws::Opcode opcode, Bytes payload, ByteQueue& out) {
  if (!compresses(opcode, payload.size())) return false;
  const bool own = extra_ && extra_->streams.deflater != nullptr;
  ws::Deflater& deflater =
      own ? *extra_->streams.deflater : shared_.streams.deflater(shared_.options, deflateBits_);
  // With context takeover later messages refer to this one: it must be sent as it is now.
  return deflater.compress(payload, out).ok() && (own || out.size() < payload.size());
}

void Connection::flush(Bytes arena) {
  touched_ = false;
  const Bytes run = arena.subspan(runOffset_, std::exchange(runSize_, 0));
  runOffset_ = 0;
  transmit(run);
}

/// Hands the queue and `run` to the kernel. Not the same as flush(), which the server calls for
/// those in its list: one that is still in it must go on saying so.
void Connection::transmit(Bytes run) {
  if (!socket_.isOpen()) return;
  if (tls_) {
    sealUnsent();
    seal({}, run);
    run = {};
  }
  if (output_.empty() && run.empty()) return finishIfFlushed();

  const net::Transfer transfer =
      output_.empty() ? socket_.send(run) : socket_.send(output_.bytes(), run);
  onTransfer(transfer, run);
}

void Connection::onTransfer(const net::Transfer& transfer, Bytes unqueued) {
  if (transfer.status == net::Transfer::Status::kFailed) {
    if (isConnected()) return lose(std::strerror(transfer.error));
    return closeSocket(true);
  }
  const std::size_t fromQueue = std::min(transfer.count, output_.size());
  if (fromQueue > 0) output_.consume(fromQueue);
  output_.append(unqueued.subspan(transfer.count - fromQueue));
  onProgress(transfer.count);
  const bool wasBlocked = blocked_;
  setBlocked(!output_.empty());
  if (blocked_ || wasBlocked) {
    showQueue(!wasBlocked || transfer.count > 0);
    if (!socket_.isOpen()) return;
  }
  // A peer that does not even take our Close must not hold the connection for ever.
  if (blocked_ && state_ == State::kEnding) return drain();
  finishIfFlushed();
}

void Connection::showQueue(bool progress) {
  Holders& queues = shared_.queues;
  if (!blocked_) return queues.remove(id_);
  if (progress) {
    queues.progress(id_, output_.capacity(), shared_.now(), socket_.unsent());
    shared_.timers.start();
  } else {
    queues.resize(id_, output_.capacity());
  }
  shared_.owner.boundQueues();
}

bool Connection::hasTakenMore() {
  const std::uint32_t unsent = socket_.unsent();
  if (unsent >= shared_.queues.mark(id_)) return false;
  shared_.queues.progress(id_, output_.capacity(), shared_.now(), unsent);
  return true;
}

void Connection::finishIfFlushed() {
  if (!output_.empty()) return;
  const bool done = state_ == State::kEnding || (state_ == State::kDraining && peerEnded_);
  if (done) return closeSocket(false);
  if (state_ == State::kDraining) socket_.finish();
}

void Connection::onWritable() { transmit({}); }

void Connection::setBlocked(bool blocked) {
  if (blocked_ == blocked) return;
  const bool wasReady = isReadyToSend();
  blocked_ = blocked;
  if (!blocked && extra_ && extra_->owesPong) {
    extra_->owesPong = false;
    ws::appendFrame(outgoing(), ws::Opcode::kPong, true, false, bytesOf(extra_->pong));
    touch();
  }
  watch();
  tellIfReady(wasReady);
}

void Connection::setParts(std::optional<Parts> parts) {
  if (!parts && !inParts()) return;
  const bool wasReady = isReadyToSend();
  extra().parts = parts;
  settleDrained();
  tellIfReady(wasReady);
}

/// After what may have changed whether sends are taken.
void Connection::tellIfReady(bool wasReady) {
  showStatus();
  const bool tell = !wasReady && isReadyToSend() && shared_.events.wants(EventKind::kReadyToSend);
  if (tell) shared_.events.add(EventKind::kReadyToSend, id_);
}

Result<void> Connection::setMessageLength(int bytes) {
  if (sendsWait()) {
    return makeError(ErrorCode::kInvalidArgument,
                     "MessageLength is for connections whose Timeout is 0");
  }
  if (hasBegun()) {
    return makeError(ErrorCode::kAlreadyInProgress, "a message is open: send the rest of it first");
  }
  if (bytes != messageLength()) extra().messageLength = bytes;
  showStatus();
  return {};
}

Result<bool> Connection::send(ws::Opcode opcode, Bytes payload, std::int32_t token,
                              bool mayCompress) {
  const auto limit = static_cast<std::size_t>(shared_.options.maxQueuedBytes);
  bytesSent_ = 0;
  if (blocked_ && (!sendsWait() || output_.size() >= limit)) {
    return makeError(ErrorCode::kWouldBlock, "wait for ReadyToSend, then send again");
  }
  // RFC 6455 §5.4: only control frames may come between the fragments of a message.
  if (inParts() && !ws::isControl(opcode)) return makeError(ErrorCode::kWouldBlock, kInParts);
  const bool sent = messageLength() > 0 && !ws::isControl(opcode)
                        ? putWithLength(opcode, payload)
                        : putMessage(opcode, payload, mayCompress);
  if (!sent) return makeError(ErrorCode::kInvalidArgument, kNotUtf8);
  if (!isOpen()) return makeError(ErrorCode::kSendFailed, kLost);
  if (!sendsWait()) {
    bytesSent_ = static_cast<std::int32_t>(payload.size());
    return true;
  }
  return isDone(Goal::kTaken, token);
}

Result<bool> Connection::sendPart(ws::Opcode opcode, Bytes payload, bool last, std::int32_t token) {
  const bool begins = opcode == ws::Opcode::kText || opcode == ws::Opcode::kBinary;
  if (begins && inParts()) return makeError(ErrorCode::kWouldBlock, kInParts);
  if (begins && messageLength() > 0) {
    return makeError(ErrorCode::kAlreadyInProgress,
                     "the message of MessageLength bytes has not been sent to its end");
  }
  if (!begins && (opcode != ws::Opcode::kContinuation || !inParts())) {
    return makeError(ErrorCode::kInvalidArgument,
                     "a message begins as text or binary, and goes on as continuation");
  }
  // A message may always be ended.
  const bool justEnds = last && payload.empty();
  const auto limit = static_cast<std::size_t>(shared_.options.maxQueuedBytes);
  if (output_.size() >= limit && !justEnds) {
    return makeError(ErrorCode::kWouldBlock, "wait until the part before has been taken");
  }
  Parts parts = partsFor(opcode);
  if (!parts.add(payload, last)) return makeError(ErrorCode::kInvalidArgument, kNotUtf8);
  shared_.statistics.countSent(payload.size(), last);
  put(opcode, last, false, payload);
  if (!isOpen()) return makeError(ErrorCode::kSendFailed, kLost);
  setParts(last ? std::nullopt : std::optional(parts));
  return isDone(Goal::kTaken, token);
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
  const auto missing = static_cast<std::size_t>(messageLength());
  const Bytes part = payload.first(std::min(missing, payload.size()));
  const Bytes rest = payload.subspan(part.size());
  const bool last = part.size() == missing;
  const bool begins = !hasBegun();
  Parts parts = partsFor(opcode);
  if (!parts.add(part, last) || !Parts::of(opcode).add(rest, true)) return false;
  shared_.statistics.countSent(part.size(), last);
  put(begins ? opcode : ws::Opcode::kContinuation, last, false, part);
  if (!isOpen()) return true;
  extra_->parts = last ? std::nullopt : std::optional(parts);
  extra_->messageLength -= static_cast<int>(part.size());
  showStatus();
  return rest.empty() || putMessage(opcode, rest, false);
}

/// Hands frames to the kernel, or puts them behind what waits. Most go as they are, not through the
/// queue.
void Connection::put(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload) {
  const ByteQueue& before = outgoing();
  if (!before.empty() || payload.size() > shared_.options.maxFramePayload()) {
    enqueue(opcode, fin, rsv1, payload);
    sealUnsent();
    return blocked_ ? showQueue(false) : transmit({});
  }
  std::uint8_t header[ws::kMaxHeaderSize];
  const Bytes head(header, ws::writeHeader(header, opcode, fin, rsv1, payload.size()));
  if (tls_) {
    seal(head, payload);
    return blocked_ ? showQueue(false) : transmit({});
  }
  const net::Transfer transfer = socket_.send(head, payload);
  if (extra_) extra_->handed += static_cast<std::int64_t>(transfer.count);
  const std::size_t ofHead = std::min(transfer.count, head.size());
  output_.append(head.subspan(ofHead));
  onTransfer({transfer.status, 0, transfer.error}, payload.subspan(transfer.count - ofHead));
}

/// Puts a message, or a part of one, into the queue, in frames of MaxFrameSize.
void Connection::enqueue(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload) {
  const std::size_t most = shared_.options.maxFramePayload();
  // RFC 6455 §5.5: control frames must not be fragmented.
  while (payload.size() > most && !ws::isControl(opcode)) {
    ws::appendFrame(outgoing(), opcode, false, rsv1, payload.first(most));
    payload = payload.subspan(most);
    opcode = ws::Opcode::kContinuation;
    // RFC 7692 §6.1: only the first frame of a message says that it is compressed.
    rsv1 = false;
  }
  ws::appendFrame(outgoing(), opcode, fin, rsv1, payload);
}

void Connection::watch() {
  if (!socket_.isOpen()) return;
  // One that has read its last frame is about to close: not worth a system call.
  const bool asked = state_ == State::kAskedConnection || state_ == State::kAskedCertificate ||
                     state_ == State::kAskedClient || state_ == State::kAskedOpen;
  const bool pauses = isOpen() && paused_;
  const bool reads = !asked && !peerEnded_ && !pauses && !unread_;
  // What has come before the peer's end, and waits, is not to be lost.
  socket_.watch(reads, blocked_, pauses && !behind_ && !unread_);
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
