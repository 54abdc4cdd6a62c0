// SPDX-License-Identifier: MIT
// A connection's life: what comes in, and how it ends. How it begins is in connection_open.cc, what
// goes out in connection_send.cc.
#include "server/connection/connection.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "ws/writer.h"

namespace wss::server {
namespace {

/// Frames, or pieces of one, that are read of a connection before the others have their turn.
constexpr int kMostPieces = 4096;

}  // namespace

void Connection::onReadable() {
  // It would be told of again and again, while a handler keeps the last frame from being answered.
  if (state_ == State::kLeaving || state_ == State::kFlushing) {
    unread_ = true;
    return watch();
  }
  if (state_ == State::kDraining) return discard();
  if (state_ == State::kHandshake && !shared_.handshakes.mayGoOn()) return waitForTurn();
  if (incoming_.isBehind()) return socket_.defer();
  // What does not fit into this turn waits in the kernel, and the peer feels it.
  if (shared_.events.full() || !receive()) return;
  // There was more than fits into one buffer: this connection goes on, but not for long.
  net::Loop& loop = shared_.loop;
  loop.updateTime();
  const std::uint64_t endMs =
      loop.nowMs() + static_cast<std::uint64_t>(shared_.options.maxReadTime);
  while (loop.nowMs() < endMs && !shared_.events.full() && receive()) loop.updateTime();
}

void Connection::waitForTurn() {
  // A client that has left before our first answer will not read it.
  if (!tls_ && socket_.hasEnded()) return end({});
  socket_.defer();
  if (queuedForHandshake_) return;
  shared_.handshakes.push(id_);
  queuedForHandshake_ = true;
  showPending();
}

void Connection::takeTurn() {
  queuedForHandshake_ = false;
  if (socket_.isOpen()) socket_.resume();
  showPending();
}

void Connection::showPending() {
  if (announced_ || !socket_.isOpen()) return;
  const bool waitsForUs = queuedForHandshake_ || isAsked(state_);
  shared_.owner.onPending(id_, waitsForUs                      ? WaitsFor::kUs
                               : tls_ || !isBeforeOpen(state_) ? WaitsFor::kAnswered
                                                               : WaitsFor::kPeer);
}

bool Connection::receive() {
  const bool inPlace = incoming_.goesInPlace() && !tls_;
  MutableBytes buffer = shared_.loop.receiveBuffer();
  // No more than a request may have: frames that follow it wait until it has been answered.
  if (state_ == State::kRequest) {
    const auto limit = static_cast<std::size_t>(shared_.options.maxRequestHeaderSize);
    buffer = buffer.first(std::min(buffer.size(), limit));
  } else if (state_ == State::kTunnel) {
    buffer = buffer.first(Tunnel::kMostAtOnce);
  }
  const net::Transfer transfer = inPlace ? receiveInPlace() : socket_.receive(buffer);
  if (transfer.status == net::Transfer::Status::kWouldBlock) return false;
  if (transfer.status != net::Transfer::Status::kDone) {
    onEnd(transfer);
    return false;
  }
  liveness_.hear(shared_.now());
  if (inPlace) return false;
  const MutableBytes received = buffer.first(transfer.count);
  if (state_ == State::kHandshake && !tls_ && !startHandshake()) return false;
  if (!tls_) {
    onBytes(received);
  } else if (!receiveCiphertext(received)) {
    return false;
  }
  return transfer.count == buffer.size() && !incoming_.isBehind() && readsFrames(state_);
}

void Connection::onBytes(MutableBytes received) {
  if (state_ == State::kRequest) return readRequest(received);
  if (state_ == State::kTunnel) {
    extra_->tunnel->put(received);
    return watch();
  }
  // The start of a frame, kept from the last time, goes in front: the rest need not be moved.
  ByteQueue& kept = incoming_.kept();
  const std::size_t size = kept.size();
  std::uint8_t* const start = received.data() - size;
  if (size > 0) std::memcpy(start, kept.bytes().data(), size);
  kept.clear();
  kept.append(readFrames({start, size + received.size()}));
}

net::Transfer Connection::receiveInPlace() {
  const MutableBytes place = incoming_.beginInPlace(target());
  const net::Transfer transfer = socket_.receive(place);
  incoming_.endInPlace(place.size());
  // Taken from and to the same place.
  if (transfer.status == net::Transfer::Status::kDone) readFrames(place.first(transfer.count));
  return transfer;
}

void Connection::discard() {
  const net::Transfer transfer = socket_.receive(shared_.loop.receiveBuffer());
  if (transfer.status == net::Transfer::Status::kFailed) return closeSocket(false);
  if (transfer.status != net::Transfer::Status::kEnded) return;
  // A peer that has closed its sending side may still read what we send.
  peerEnded_ = true;
  if (!touched_) finishIfFlushed();
  watch();
}

MutableBytes Connection::readFrames(MutableBytes input) {
  const MutableBytes rest = readPieces(input);
  waitIfBehind();
  return rest;
}

MutableBytes Connection::readPieces(MutableBytes input) {
  ws::Piece piece;
  for (int count = 0; readsFrames(state_); ++count) {
    if (hasReadEnough(count) && !input.empty()) {
      incoming_.fallBehind();
      return input;
    }
    if (incoming_.next(input, piece) == ws::Piece::Kind::kNeedMore) return input;
    if (!onPiece(piece, !input.empty())) break;
  }
  return {};
}

bool Connection::hasReadEnough(int count) const {
  return incoming_.isBehind() || count == kMostPieces || shared_.events.full() ||
         (outgoing_.mayCompress() && !shared_.backlogs.mayInflate());
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
      // While data is not accepted and the connection closes, what still comes is dropped.
      if (incoming_.take(piece, target(), paused_ && state_ == State::kClosing)) return true;
      break;
    case ws::Piece::Kind::kClose:
      onLast({id_, piece.closeCode, false, moreFollows, std::string(textOf(piece.payload))});
      return false;
    case ws::Piece::Kind::kError:
      break;
  }
  onLast(LastFrame::of(id_, piece));
  return false;
}

void Connection::onPing(Bytes payload) {
  if (isOpen() && shared_.options.autoPong && outgoing_.pong(payload)) touch();
  if (shared_.events.wants(EventKind::kPing)) {
    shared_.events.addText(EventRecord::ping(id_), textOf(payload));
  }
}

void Connection::onPong(Bytes payload) {
  std::int32_t token = 0;
  if (extra_ && payload.size() == sizeof token) {
    std::memcpy(&token, payload.data(), sizeof token);
    extra_->waits.onPong(token, teller());
  }
  if (shared_.events.wants(EventKind::kPing)) {
    shared_.events.addText(EventRecord::pong(id_), textOf(payload));
  }
}

void Connection::onLast(LastFrame last) {
  if (state_ != State::kOpen) return leave(last);
  enter(State::kLeaving);
  shared_.lastFrames.push_back(std::move(last));
}

void Connection::failMessage(ws::CloseCode code, std::string_view reason) {
  incoming_.forget(target());
  if (readsFrames(state_))
    onLast({id_, static_cast<std::uint16_t>(code), true, true, std::string(reason)});
}

void Connection::onMessageStalled() {
  // While data is not accepted, the peer cannot go on with its message; and a message that is
  // delivered piece by piece leaves nothing here that could grow old.
  if (paused_ || !incoming_.collects()) return incoming_.touch(target());
  failMessage(ws::CloseCode::kPolicyViolation, "Nothing more of a message came for MessageTimeout");
}

void Connection::leave(const LastFrame& last) {
  if (!isConnected()) return;
  if (last.failed && shared_.log.shows(LogLevel::kInfo)) {
    shared_.log.addError(id_, "Closed with " + std::to_string(last.code) + ": " + last.reason);
  }
  // Who sees a code again need not see its own reason; npm ws has it the other way round.
  const bool tellsWhy = last.failed != shared_.closesAsWs;
  if (state_ == State::kLeaving) sendClose(last.code, tellsWhy ? last.reason : "");
  disconnected(last.code, last.reason, &last);
  // RFC 6455 §7.1.1: the server closes first. But what the peer sent after its last frame, or has
  // yet to take, would make the system answer with a reset that overtakes our Close. Under TLS more
  // follows in any case: the peer's close_notify.
  const bool more = last.moreFollows || unread_ || (paused_ && socket_.hasUnreadBytes());
  if (more || outgoing_.isBlocked() || tls_) return drain();
  enter(State::kFlushing);
  touch();
}

void Connection::onEnd(const net::Transfer& transfer) {
  if (state_ == State::kTunnel && transfer.status == net::Transfer::Status::kEnded) {
    return endTunnelInput();
  }
  if (tls_ && transfer.status == net::Transfer::Status::kEnded) {
    // A peer that has closed its sending side may still read what we send.
    closeTls();
    tls_->session->onEndOfInput();
    if (isConnected()) return lose(tls_->session->failure());
  }
  end(transfer.status == net::Transfer::Status::kFailed
          ? std::string_view(std::strerror(transfer.error))
          : "The peer closed the connection without a Close frame");
}

void Connection::onBroken() { end("The peer has reset the connection"); }

void Connection::end(std::string_view reason) {
  if (isConnected()) return lose(reason);
  if (isBeforeOpen(state_))
    shared_.log.add(LogLevel::kDebug, id_, "Connection ended before it was open");
  hangUp();
}

void Connection::disconnect(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  if (shared_.options.waitForCloseResponse) return startClosing(code, reason);
  sendClose(code, reason);
  disconnected(code, reason);
  drain();
}

void Connection::startClosing(std::uint16_t code, std::string_view reason) {
  sendClose(code, reason);
  enter(State::kClosing);
  startCloseTimeout();
}

void Connection::sendClose(std::uint16_t code, std::string_view reason) {
  const ws::ClosePayload payload(code, reason);
  outgoing_.enqueueControl(ws::Opcode::kClose, payload.bytes());
  touch();
}

void Connection::drain() {
  closeTls();
  if (hasTunnel()) extra_->tunnel->close();
  unread_ = false;
  // What a handshake or a record breaks off may have been refused before.
  if (state_ != State::kDraining) enter(State::kDraining);
  touch();
  startCloseTimeout();
}

void Connection::lose(std::string_view reason, bool reset) {
  if (shared_.log.shows(LogLevel::kInfo))
    shared_.log.addError(id_, "Connection lost: " + std::string(reason));
  disconnected(static_cast<std::uint16_t>(ws::CloseCode::kAbnormal), reason);
  hangUp(reset);
}

void Connection::terminate() {
  if (isConnected()) lose("The application has terminated it");
}

void Connection::cut(std::string_view reason) {
  if (isConnected()) return lose(reason, true);
  if (shared_.log.shows(LogLevel::kInfo))
    shared_.log.addError(id_, "Connection cut: " + std::string(reason));
  hangUp(true);
}

void Connection::hangUp(bool reset) {
  closeTls();
  // A reset would overtake it.
  const bool tells = tls_ && socket_.isOpen() && !outgoing_.isBlocked() && !wire().empty();
  if (tells &&
      socket_.send(std::as_const(*this).wire().bytes()).status == net::Transfer::Status::kDone)
    reset = false;
  closeSocket(reset);
}

void Connection::disconnected(std::uint16_t code, std::string_view reason, const LastFrame* last) {
  incoming_.forget(target());
  if (extra_) extra_->waits.settleAll(ErrorCode::kInvalidConnectionId, teller());
  if (bridged_) {
    const net::Address local = extra_->local;
    *extra_ = {};
    extra_->local = local;
  } else {
    extra_.reset();
  }
  incoming_.release();
  outgoing_.release();
  EventRecord record = EventRecord::disconnected(id_, code);
  if (last != nullptr && last->failed) record.breaks(last->rule, last->ruleValue);
  shared_.events.addText(record, reason);
  shared_.ended.push_back(id_);
  if (shared_.log.shows(LogLevel::kInfo)) {
    shared_.log.add(LogLevel::kInfo, id_, "WebSocket closed with " + std::to_string(code));
  }
}

void Connection::closeSocket(bool reset) {
  if (!socket_.isOpen()) return;
  if (askable_ && !bridged_ && shared_.events.wants(EventKind::kDisconnected)) {
    extra().local = socket_.localAddress();
  }
  // Before the 101 answer nobody has learnt of this connection but by questions, now moot.
  if (isBeforeOpen(state_)) askable_ = false;
  enter(State::kClosed);
  deadlineTick_ = 0;
  shared_.queues.remove(id_);
  wire().clear();
  outgoing_.clear();
  if (!announced_) shared_.owner.onNotPending(id_);
  if (hasTunnel()) extra_->tunnel->close();
  socket_.close(reset);
}

void Connection::abort() {
  hangUp(true);
  letGo();
}

void Connection::letGo() {
  askable_ = false;
  if (socketGone_) shared_.owner.remove(id_);
}

void Connection::onSocketClosed() {
  socketGone_ = true;
  if (!announced_ && asked_) shared_.events.add(EventRecord::forgotten(id_));
  if (!askable_) shared_.owner.remove(id_);
}

void Connection::setState(State state) {
  assert(mayFollow(state_, state));
  state_ = state;
}

void Connection::enter(State state) {
  const bool was = isConnected();
  setState(state);
  if (isConnected() != was) shared_.connectedCount += was ? -1 : 1;
  showStatus();
  showPending();
  watch();
  queueIfBehind();
}

net::Address Connection::local() const {
  if (socket_.isOpen() && !bridged_) return socket_.localAddress();
  return extra_ ? extra_->local : net::Address{};
}

std::string Connection::uid() const { return shared_.owner.uidOf(id_); }

void Connection::setAcceptsData(bool accepts) {
  paused_ = !accepts;
  // While nobody listened the peer could not go on.
  if (accepts && incoming_.hasMessage()) incoming_.touch(target());
  watch();
  if (accepts) queueIfBehind();
}

}  // namespace wss::server
