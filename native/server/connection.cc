// SPDX-License-Identifier: MIT
// A connection's life: what comes in, and how it ends. How it begins is in connection_open.cc, what
// goes out in connection_send.cc.
#include "server/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/server.h"
#include "ws/writer.h"

namespace wss::server {
namespace {

/// A payload of which so much is to come is received where it is to stay.
constexpr std::uint64_t kWorthReceivingInPlace = std::uint64_t{32} * 1024;
/// How much more than has come is made room for.
constexpr std::size_t kGrowth = 4;

}  // namespace

void Connection::onReadable() {
  if (state_ == State::kLeaving || state_ == State::kEnding) return;
  MutableBytes buffer = server_.loop().receiveBuffer();
  if (state_ == State::kDraining) {
    const net::Transfer transfer = socket_.receive(buffer);
    const bool over = transfer.status == net::Transfer::Status::kEnded ||
                      transfer.status == net::Transfer::Status::kFailed;
    if (over) closeSocket(false);
    return;
  }
  // What does not fit into this turn waits in the kernel, and the peer feels it.
  if (server_.events().full()) return;
  if (state_ == State::kRequest) {
    // No more than a request may have: frames that follow it wait until it has been answered.
    const auto limit = static_cast<std::size_t>(server_.options.maxRequestHeaderSize);
    buffer = buffer.first(std::min(buffer.size(), limit));
  }
  if (!message_.empty() && reader_.frameRemaining() >= kWorthReceivingInPlace) {
    return readInPlace();
  }
  const net::Transfer transfer = socket_.receive(buffer);
  if (transfer.status == net::Transfer::Status::kWouldBlock) return;
  if (transfer.status != net::Transfer::Status::kDone) return onEnd(transfer);

  const MutableBytes received = buffer.first(transfer.count);
  if (state_ == State::kRequest) return readRequest(received);
  // The start of a frame, kept from the last time, goes in front: the rest need not be moved.
  const std::size_t kept = input_.size();
  std::uint8_t* const start = received.data() - kept;
  if (kept > 0) std::memcpy(start, input_.bytes().data(), kept);
  input_.clear();
  readFrames({start, kept + received.size()});
}

void Connection::readInPlace() {
  const std::size_t size = static_cast<std::size_t>(
      std::min<std::uint64_t>(reader_.frameRemaining(), message_.size() * kGrowth));
  std::uint8_t* const place = message_.extend(size);
  const net::Transfer transfer = socket_.receive({place, size});
  message_.shrink(size);
  if (transfer.status == net::Transfer::Status::kWouldBlock) return;
  if (transfer.status != net::Transfer::Status::kDone) return onEnd(transfer);
  // Taken from and to the same place.
  readFrames({place, transfer.count});
}

void Connection::readFrames(MutableBytes input) {
  ws::Piece piece;
  while (state_ == State::kOpen || state_ == State::kClosing) {
    if (reader_.next(input, piece) == ws::Piece::Kind::kNeedMore) {
      input_.append(input);
      return;
    }
    if (!onPiece(piece, !input.empty())) return;
  }
}

bool Connection::onPiece(ws::Piece& piece, bool moreFollows) {
  switch (piece.kind) {
    case ws::Piece::Kind::kNeedMore:
      return true;
    case ws::Piece::Kind::kPing:
      onPing(piece.payload);
      return true;
    case ws::Piece::Kind::kPong:
      onPong(piece.payload);
      return true;
    case ws::Piece::Kind::kData:
      if (onData(piece)) return true;
      break;
    case ws::Piece::Kind::kClose:
      onLast({id_, piece.closeCode, false, moreFollows, std::string(textOf(piece.payload))});
      return false;
    case ws::Piece::Kind::kError:
      break;
  }
  onLast({id_, piece.closeCode, true, true, std::string(piece.errorText)});
  return false;
}

void Connection::countMessage() {
  ++server_.statistics().messagesIn;
  server_.statistics().bytesIn += reader_.messageSize();
}

bool Connection::onData(ws::Piece& piece) {
  EventBatch& events = server_.events();
  const std::size_t size = piece.payload.size();
  if (!events.wants(EventKind::kDataIn)) {
    if (!reader_.take(piece, piece.payload.data())) return false;
    if (piece.ends) countMessage();
    return true;
  }
  // Most messages come whole: straight into the batch. Others are collected first.
  const bool whole = piece.starts && piece.ends && size < EventBatch::kWorthAdopting;
  // What has come bounds what is made room for, whatever was announced.
  if (!whole && piece.starts) {
    message_.reserve(static_cast<std::size_t>(
        std::min<std::uint64_t>(size + reader_.frameRemaining(), size * kGrowth)));
  }
  std::uint8_t* const target = whole ? events.reserve(size) : message_.extend(size);
  if (!reader_.take(piece, target)) return false;
  if (!piece.ends) return true;

  const bool text = piece.opcode == ws::Opcode::kText;
  const std::int32_t flags = kEndOfMessage | (text && reader_.messageIsAscii() ? kIsAscii : 0);
  const auto format = static_cast<std::int32_t>(piece.opcode);
  countMessage();
  if (whole) {
    events.add(EventKind::kDataIn, id_, flags, format, size);
  } else {
    events.addBytes(EventKind::kDataIn, id_, flags, format, std::move(message_));
  }
  return true;
}

void Connection::onPing(Bytes payload) {
  if (isOpen()) {
    if (blocked_) {
      // RFC 6455 §5.5.3: only the latest Ping need be answered. The queue must not grow by Pongs.
      extra().pong.assign(textOf(payload));
      extra().owesPong = true;
    } else {
      ws::appendFrame(output_, ws::Opcode::kPong, true, false, payload);
      touch();
    }
  }
  if (server_.events().wants(EventKind::kPing)) {
    server_.events().addText(EventKind::kPing, id_, 0, 0, textOf(payload));
  }
}

void Connection::onPong(Bytes payload) {
  std::int32_t token = 0;
  if (extra_ && payload.size() == sizeof token) {
    std::memcpy(&token, payload.data(), sizeof token);
    const auto wait =
        std::find_if(extra_->waits.begin(), extra_->waits.end(), [token](const Wait& candidate) {
          return candidate.goal == Goal::kPong && candidate.token == token;
        });
    if (wait != extra_->waits.end()) {
      settle(*wait, ErrorCode{});
      extra_->waits.erase(wait);
    }
  }
  if (server_.events().wants(EventKind::kPing)) {
    server_.events().addText(EventKind::kPing, id_, kIsResponse, 0, textOf(payload));
  }
}

void Connection::onLast(Ending ending) {
  if (state_ != State::kOpen) return leave(ending);
  enter(State::kLeaving);
  server_.toLeave(std::move(ending));
}

void Connection::leave(const Ending& ending) {
  if (!isConnected()) return;
  if (ending.failed && server_.logs(1)) {
    server_.logError(id_, "Closed with " + std::to_string(ending.code) + ": " + ending.reason);
  }
  if (state_ == State::kLeaving) sendClose(ending.code, ending.failed ? ending.reason : "");
  disconnected(ending.code, ending.reason);
  // RFC 6455 §7.1.1: the server closes first. But what the peer sent after its last frame, or has
  // yet to take, would make the system answer with a reset that overtakes our Close.
  if (ending.moreFollows || blocked_) return drain();
  enter(State::kEnding);
  touch();
}

void Connection::onEnd(const net::Transfer& transfer) {
  end(transfer.status == net::Transfer::Status::kFailed
          ? std::string_view(std::strerror(transfer.error))
          : "The peer closed the connection without a Close frame");
}

void Connection::onBroken() { end("The peer has reset the connection"); }

void Connection::end(std::string_view reason) {
  if (isConnected()) return lose(reason);
  if (state_ < State::kOpen) server_.log(3, id_, "Connection ended before it was open");
  closeSocket(false);
}

void Connection::disconnect(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  sendClose(code, reason);
  if (!server_.options.waitForCloseResponse) {
    disconnected(code, reason);
    return drain();
  }
  enter(State::kClosing);
  startTimeout(server_.options.closeTimeout);
}

void Connection::sendClose(std::uint16_t code, std::string_view reason) {
  const ws::ClosePayload payload(code, reason);
  ws::appendFrame(output_, ws::Opcode::kClose, true, false, payload.bytes());
  touch();
}

void Connection::drain() {
  enter(State::kDraining);
  touch();
  startTimeout(server_.options.closeTimeout);
}

void Connection::lose(std::string_view reason) {
  if (server_.logs(1)) server_.logError(id_, "Connection lost: " + std::string(reason));
  disconnected(static_cast<std::uint16_t>(ws::CloseCode::kAbnormal), reason);
  closeSocket(false);
}

void Connection::disconnected(std::uint16_t code, std::string_view reason) {
  settleAll(ErrorCode::kInvalidConnectionId);
  message_.clear();
  server_.events().addText(EventKind::kDisconnected, id_, 0, code, reason);
  server_.onEnded(id_);
  if (server_.logs(1)) {
    server_.log(1, id_, "WebSocket closed with " + std::to_string(code));
  }
}

void Connection::closeSocket(bool reset) {
  if (!socket_.isOpen()) return;
  if (held_ && server_.events().wants(EventKind::kDisconnected)) {
    extra().local = socket_.localAddress();
  }
  // Before the 101 answer nobody has learnt of this connection but by questions, now moot.
  if (state_ < State::kOpen) held_ = false;
  enter(State::kClosed);
  deadlineTick_ = 0;
  socket_.close(reset);
}

void Connection::abort() {
  closeSocket(true);
  letGo();
}

void Connection::letGo() {
  held_ = false;
  if (socketGone_) server_.remove(id_);
}

void Connection::onSocketClosed() {
  socketGone_ = true;
  if (!announced_) server_.onNeverOpened(id_);
  if (!held_) server_.remove(id_);
}

void Connection::enter(State state) {
  const bool was = isConnected();
  state_ = state;
  if (isConnected() != was) server_.onConnectedChanged(!was);
  showStatus();
  watch();
}

void Connection::onDeadline(Tick now) {
  // An entry that has been superseded by an earlier one means nothing any more.
  if (scheduledTick_ == 0 || now < scheduledTick_) return;
  scheduledTick_ = 0;
  if (deadlineTick_ == 0) return;
  if (now < deadlineTick_) return setDeadline(deadlineTick_);
  deadlineTick_ = 0;
  switch (state_) {
    case State::kAskedConnection:
      return closeSocket(true);
    case State::kRequest:
      return refuse(408, "The request did not come in time", {});
    case State::kAskedOpen:
      return refuse(503, "The request was not answered in time", {});
    case State::kOpen:
    case State::kLeaving:
      return expireWaits(now);
    case State::kClosing:
      return lose("The peer did not answer the Close frame in time");
    case State::kEnding:
    case State::kDraining:
      return closeSocket(true);
    case State::kClosed:
      return;
  }
}

net::Address Connection::local() const {
  if (socket_.isOpen()) return socket_.localAddress();
  return extra_ ? extra_->local : net::Address{};
}

void Connection::startTimeout(int seconds) { setDeadline(ticksLater(server_.now(), seconds)); }

void Connection::setDeadline(Tick due) {
  deadlineTick_ = due;
  if (scheduledTick_ == 0 || due < scheduledTick_) scheduledTick_ = server_.addDeadline(id_, due);
}

void Connection::setAcceptsData(bool accepts) {
  paused_ = !accepts;
  watch();
}

}  // namespace wss::server
