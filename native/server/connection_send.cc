// SPDX-License-Identifier: MIT
// What a connection sends: the cork, the queue behind it, and those who wait for either.
#include <algorithm>
#include <cstring>
#include <utility>

#include "server/connection.h"
#include "server/server.h"
#include "ws/writer.h"

namespace wss::server {

void Connection::cork(Bytes arena, std::uint32_t offset, std::uint32_t size) {
  if (runSize_ > 0 && runOffset_ + runSize_ == offset) {
    runSize_ += size;
    return;
  }
  if (runSize_ > 0) output_.append(arena.subspan(runOffset_, runSize_));
  runOffset_ = offset;
  runSize_ = size;
  touch();
}

void Connection::flush(Bytes arena) {
  touched_ = false;
  const Bytes run = arena.subspan(runOffset_, std::exchange(runSize_, 0));
  runOffset_ = 0;
  if (!socket_.isOpen()) return;
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
  setBlocked(!output_.empty());
  // A peer that does not even take our Close must not hold the connection for ever.
  if (blocked_ && state_ == State::kEnding) return drain();
  finishIfFlushed();
}

void Connection::finishIfFlushed() {
  if (!output_.empty()) return;
  if (state_ == State::kEnding) closeSocket(false);
  if (state_ == State::kDraining) socket_.finish();
}

void Connection::onWritable() { flush({}); }

void Connection::setBlocked(bool blocked) {
  if (blocked_ == blocked) return;
  blocked_ = blocked;
  if (!blocked && extra_ && extra_->owesPong) {
    extra_->owesPong = false;
    ws::appendFrame(output_, ws::Opcode::kPong, true, false, bytesOf(extra_->pong));
    touch();
  }
  watch();
  showStatus();
  const bool tell = !blocked && isOpen() && server_.events().wants(EventKind::kReadyToSend);
  if (tell) server_.events().add(EventKind::kReadyToSend, id_);
}

Result<bool> Connection::send(ws::Opcode opcode, Bytes payload, std::int32_t token) {
  const auto limit = static_cast<std::size_t>(server_.options.maxQueuedBytes);
  bytesSent_ = 0;
  if (blocked_ && (!sendsWait() || output_.size() >= limit)) {
    return makeError(ErrorCode::kWouldBlock, "wait for ReadyToSend, then send again");
  }
  std::uint8_t header[ws::kMaxHeaderSize];
  const Bytes head(header, ws::writeHeader(header, opcode, true, false, payload.size()));
  if (output_.empty()) {
    const net::Transfer transfer = socket_.send(head, payload);
    const std::size_t ofHead = std::min(transfer.count, head.size());
    output_.append(head.subspan(ofHead));
    onTransfer({transfer.status, 0, transfer.error}, payload.subspan(transfer.count - ofHead));
  } else {
    output_.append(head);
    output_.append(payload);
    if (!blocked_) touch();
  }
  if (!isOpen()) return makeError(ErrorCode::kSendFailed, "the connection was lost");
  if (!sendsWait()) {
    bytesSent_ = static_cast<std::int32_t>(payload.size());
    return true;
  }
  if (output_.empty()) return true;
  extra().waits.push_back({token, false, output_.size(), server_.now()});
  expectProgress();
  return false;
}

void Connection::expectProgress() {
  if (timeoutSeconds_ > 0) setDeadlineBy(ticksLater(server_.now(), timeoutSeconds_));
}

Result<void> Connection::ping(std::int32_t token) {
  if (!isOpen()) {
    return makeError(ErrorCode::kInvalidConnectionId, std::to_string(id_) + " is not open");
  }
  if (blocked_) return makeError(ErrorCode::kWouldBlock, "wait for ReadyToSend, then ping again");
  std::uint8_t payload[sizeof token];
  std::memcpy(payload, &token, sizeof token);
  ws::appendFrame(output_, ws::Opcode::kPing, true, false, payload);
  touch();
  extra().waits.push_back({token, true, 0, server_.now()});
  expectProgress();
  return {};
}

void Connection::onProgress(std::size_t count) {
  if (!extra_ || count == 0) return;
  // The documented timeout is one of inactivity: any progress starts it anew.
  for (Wait& wait : extra_->waits) {
    if (wait.isPing) continue;
    wait.bytes -= std::min<std::uint64_t>(wait.bytes, count);
    wait.since = server_.now();
    if (wait.bytes == 0) settle(wait, ErrorCode{});
  }
  std::erase_if(extra_->waits, [](const Wait& wait) { return !wait.isPing && wait.bytes == 0; });
}

void Connection::expireWaits(Tick now) {
  if (!extra_ || timeoutSeconds_ == 0) return;
  Tick next = 0;
  std::erase_if(extra_->waits, [&](const Wait& wait) {
    const Tick due = ticksLater(wait.since, timeoutSeconds_);
    if (due <= now) {
      settle(wait, ErrorCode::kTimedOut);
      return true;
    }
    next = next == 0 ? due : std::min(next, due);
    return false;
  });
  if (next != 0) setDeadlineBy(next);
}

void Connection::settle(const Wait& wait, ErrorCode code) {
  server_.events().add(EventKind::kSettled, id_, wait.token, static_cast<std::int32_t>(code));
}

void Connection::settleAll(ErrorCode code) {
  if (!extra_) return;
  for (const Wait& wait : extra_->waits) settle(wait, code);
  extra_.reset();
}

void Connection::setTimeoutSeconds(int seconds) {
  timeoutSeconds_ = seconds;
  showStatus();
}

void Connection::watch() {
  if (!socket_.isOpen()) return;
  // One that has read its last frame is about to close: not worth a system call.
  const bool asked = state_ == State::kAskedConnection || state_ == State::kAskedOpen;
  const bool reads = !asked && !(isOpen() && paused_);
  socket_.watch(reads, blocked_);
}

void Connection::touch() {
  if (touched_) return;
  touched_ = true;
  server_.toFlush(*this);
}

void Connection::showStatus() {
  const std::int32_t word = !isOpen() ? 0 : blocked_ || sendsWait() ? -id_ : id_;
  server_.showStatus(id_, word);
}

Connection::Extra& Connection::extra() {
  if (!extra_) extra_ = std::make_unique<Extra>();
  return *extra_;
}

}  // namespace wss::server
