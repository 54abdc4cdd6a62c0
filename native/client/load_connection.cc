// SPDX-License-Identifier: MIT
#include "client/load_connection.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "http/client_handshake.h"
#include "net/connector.h"
#include "ws/writer.h"

namespace wss::client {
namespace {

constexpr std::uint64_t kMaxMessageSize = std::uint64_t{1} << 40;
constexpr auto kConnectionRefused = static_cast<ErrorCode>(10061);

/// What a message of `size` bytes may take compressed: generous, for any way to do it.
constexpr std::size_t mostCompressed(std::size_t size) { return 2 * size + 1024; }

Failure failureOf(ErrorCode code) {
  if (code == kConnectionRefused) return Failure::kRefused;
  if (code == ErrorCode::kConnectionReset) return Failure::kReset;
  if (code == ErrorCode::kTimedOut) return Failure::kTimedOut;
  return Failure::kSystem;
}

}  // namespace

LoadConnection::LoadConnection(LoadRun& run, std::uint32_t index)
    : run_(run), index_(index), reader_(ws::Role::kClient, kMaxMessageSize) {}

bool LoadConnection::connect() {
  assert(isGone());
  opening_ =
      std::make_unique<Opening>(Opening{run_.nowNs(), run_.makeHandshakeKey(), run_.remote()});
  const auto begun = tryRemotes();
  if (!begun.ok()) {
    opening_.reset();
    failSystem(begun.error().code);
    return false;
  }
  setDeadline();
  return true;
}

Result<void> LoadConnection::tryRemotes() {
  const auto& remotes = run_.plan().remotes;
  Opening& opening = *opening_;
  for (;;) {
    if (opening.tried > 0) opening.remote = (opening.remote + 1) % remotes.size();
    ++opening.tried;
    auto begun = tryRemote(remotes[opening.remote]);
    if (begun.ok() || opening.tried == remotes.size()) return begun;
  }
}

Result<void> LoadConnection::tryRemote(const net::Address& remote) {
  const auto& locals = run_.plan().localAddresses;
  auto fd =
      net::startConnecting(remote, locals.empty() ? nullptr : &locals[index_ % locals.size()]);
  if (!fd.ok()) return fd.error();
  auto opened = socket_.open(run_.loop(), fd.value(), this);
  if (!opened.ok()) return opened;
  socket_.setNoDelay(true);
  state_ = State::kConnecting;
  socket_.watch(true, true);
  return {};
}

void LoadConnection::onReadable() {
  const MutableBytes buffer = run_.loop().receiveBuffer();
  const net::Transfer transfer = socket_.receive(buffer);
  run_.updateTime();
  if (transfer.status == net::Transfer::Status::kWouldBlock) return;
  if (transfer.status != net::Transfer::Status::kDone) {
    onEnd(transfer);
    return;
  }
  if (tls_) return onCiphertext(buffer.first(transfer.count));
  onBytes(buffer.first(transfer.count));
}

void LoadConnection::onBytes(MutableBytes received) {
  if (isConnecting()) return readAnswer(received);
  const std::size_t before = input_.size();
  assert(before < net::Loop::kHeadroom);
  std::uint8_t* const start = received.data() - before;
  if (before > 0) std::memcpy(start, input_.bytes().data(), before);
  input_.clear();
  readFrames({start, before + received.size()});
}

void LoadConnection::onWritable() {
  run_.updateTime();
  if (state_ == State::kConnecting) {
    run_.connectedTo(opening_->remote);
    if (run_.tlsContext()) {
      startHandshake();
    } else {
      request();
    }
  }
  flush();
  if (isOpen() && output_.empty()) sendDue();
}

void LoadConnection::onBroken() { onReadable(); }

void LoadConnection::onSocketClosed() {
  if (state_ == State::kRefused) {
    const auto begun = tryRemotes();
    if (begun.ok()) return;
    run_.countConnectEnd();
    opening_.reset();
    ++deadline_;
    state_ = State::kGone;
    failSystem(begun.error().code);
  }
  state_ = State::kGone;
  run_.onGone(index_);
}

void LoadConnection::request() {
  state_ = State::kUpgrading;
  http::appendClientRequest(run_.frames(), run_.plan().request, opening_->key);
}

void LoadConnection::readAnswer(MutableBytes received) {
  using Status = http::ClientAnswer::Status;
  opening_->answer.append(received);
  const auto answer =
      http::parseClientAnswer(textOf(opening_->answer.bytes()), opening_->key, run_.plan().request);
  if (answer.status == Status::kNeedMore) return;
  if (answer.status == Status::kRefused) {
    fail(Failure::kBadStatus, answer.httpStatus);
    return;
  }
  if (answer.status == Status::kInvalid) {
    fail(Failure::kBadAnswer);
    return;
  }
  const auto opening = std::exchange(opening_, nullptr);
  run_.countConnect(opening->startedNs);
  deflates_ = answer.deflate;
  onOpen();
  opening->answer.consume(answer.consumed);
  if (!opening->answer.empty()) readFrames(opening->answer.bytes());
}

void LoadConnection::onOpen() {
  state_ = State::kOpen;
  ++deadline_;
  reader_ = ws::Reader(ws::Role::kClient, kMaxMessageSize);
  if (deflates_) reader_.allowCompression();
  gotClose_ = false;
  publications_ = 0;
  sent_ = received_ = offset_ = 0;
  matches_ = true;
  if (run_.sendsOnOpen()) startSending();
}

void LoadConnection::readFrames(MutableBytes input) {
  ws::Piece piece;
  bool more = true;
  while (more && reader_.next(input, piece) != ws::Piece::Kind::kNeedMore) {
    more = onPiece(piece) && state_ != State::kClosed;
  }
  if (state_ == State::kClosed) return;
  if (more) input_.append(input);
  flush();
}

bool LoadConnection::onPiece(ws::Piece& piece) {
  switch (piece.kind) {
    case ws::Piece::Kind::kNeedMore:
    case ws::Piece::Kind::kPong:
      break;
    case ws::Piece::Kind::kPing:
      if (isOpen()) appendControl(ws::Opcode::kPong, piece.payload);
      break;
    case ws::Piece::Kind::kClose:
      onClose(piece.closeCode);
      return false;
    case ws::Piece::Kind::kData:
      if (reader_.take(piece, piece.payload.data())) {
        onData(piece);
        break;
      }
      [[fallthrough]];
    case ws::Piece::Kind::kError:
      fail(Failure::kProtocol, piece.closeCode);
      return false;
  }
  return true;
}

void LoadConnection::onData(const ws::Piece& piece) {
  if (!isOpen()) return;
  if (run_.plan().publications && piece.opcode != run_.plan().opcode) {
    if (!piece.ends) return;
    ++publications_;
    run_.countPublication();
    return;
  }
  if (piece.compressed) return onCompressed(piece);
  const std::size_t size = piece.payload.size();
  const Bytes message = expectedMessage();
  matches_ = matches_ && received_ < expected() && piece.opcode == run_.plan().opcode &&
             offset_ + size <= message.size() &&
             (size == 0 || std::memcmp(piece.payload.data(), message.data() + offset_, size) == 0);
  offset_ += size;
  if (!piece.ends) return;
  matches_ = matches_ && offset_ == message.size();
  onMessage();
  offset_ = 0;
  matches_ = true;
}

void LoadConnection::onCompressed(const ws::Piece& piece) {
  const Bytes message = expectedMessage();
  if (compressed_.size() + piece.payload.size() > mostCompressed(message.size())) {
    fail(Failure::kProtocol, static_cast<int>(ws::CloseCode::kMessageTooBig));
    return;
  }
  compressed_.append(piece.payload);
  if (!piece.ends) return;
  ByteQueue inflated;
  const auto status = run_.inflater().inflate(compressed_.bytes(), inflated, message.size());
  compressed_.clear();
  matches_ = received_ < expected() && piece.opcode == run_.plan().opcode &&
             status == ws::InflateStatus::kDone && std::ranges::equal(inflated.bytes(), message);
  offset_ = message.size();
  run_.countCompressed();
  onMessage();
  offset_ = 0;
  matches_ = true;
}

void LoadConnection::onMessage() {
  if (!matches_) run_.countFailure(Failure::kMismatch);
  run_.countReceived(offset_);
  // A message that came without one of ours in flight is no echo.
  if (received_ == expected()) return;
  const Plan& plan = run_.plan();
  const std::uint64_t number = received_++;
  if (broadcasts()) return run_.countBroadcast(number);
  if (run_.isOpenLoop()) {
    run_.countLatency(run_.intendedNs(index_, number));
    return;
  }
  run_.countLatency(sentNs_[number % plan.inFlight]);
  if (plan.mode == Mode::kChurn) {
    close();
  } else {
    appendMessage();
  }
}

void LoadConnection::onClose(std::uint16_t code) {
  gotClose_ = true;
  if (state_ == State::kClosing) return;
  const std::uint16_t answer =
      ws::isWireCloseCode(code) ? code : static_cast<std::uint16_t>(ws::CloseCode::kNormal);
  appendControl(ws::Opcode::kClose, ws::ClosePayload(answer, {}).bytes());
  flush();
  if (state_ != State::kClosed) fail(Failure::kClosedEarly, code);
}

void LoadConnection::onEnd(const net::Transfer& transfer) {
  if (state_ == State::kClosing && gotClose_) {
    run_.countClosed();
    closeSocket(false);
    return;
  }
  const bool refused =
      state_ == State::kConnecting && transfer.status == net::Transfer::Status::kFailed;
  if (refused && opening_->tried < run_.plan().remotes.size()) {
    state_ = State::kRefused;
    socket_.close();
    return;
  }
  if (transfer.status == net::Transfer::Status::kEnded) {
    fail(Failure::kClosedEarly, static_cast<int>(ws::CloseCode::kAbnormal));
  } else {
    failSystem(systemErrorCode(transfer.error));
  }
}

void LoadConnection::close() {
  leave();
  state_ = State::kClosing;
  setDeadline();
  const ws::ClosePayload payload(static_cast<std::uint16_t>(ws::CloseCode::kNormal), {});
  appendControl(ws::Opcode::kClose, payload.bytes());
  flush();
}

void LoadConnection::abort() {
  if (state_ == State::kGone || state_ == State::kClosed) return;
  closeSocket(true);
}

void LoadConnection::onDeadline() { fail(Failure::kTimedOut); }

Bytes LoadConnection::expectedMessage() const {
  const std::uint32_t sender = broadcasts() ? 0 : index_;
  return run_.content().message(run_.plan().firstId + sender, received_);
}

void LoadConnection::leave() {
  run_.countLeaving();
  if (broadcasts()) run_.endBroadcasts(received_);
}

void LoadConnection::fail(Failure failure, int detail) {
  run_.countFailure(failure, detail);
  if (state_ == State::kGone) return;
  if (isOpen()) leave();
  closeSocket(failure == Failure::kTimedOut);
}

void LoadConnection::failSystem(ErrorCode code) {
  const Failure failure = failureOf(code);
  fail(failure, failure == Failure::kSystem ? static_cast<int>(code) : 0);
}

void LoadConnection::closeSocket(bool reset) {
  if (isConnecting()) run_.countConnectEnd();
  const bool isClosed = state_ == State::kRefused;
  state_ = State::kClosed;
  ++deadline_;
  run_.frames().clear();
  if (tls_) endTls(!reset);
  opening_.reset();
  input_.clear();
  compressed_.clear();
  output_.clear();
  if (!isClosed) socket_.close(reset);
}

void LoadConnection::setDeadline() { run_.addDeadline(index_, ++deadline_); }

}  // namespace wss::client
