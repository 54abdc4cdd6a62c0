// SPDX-License-Identifier: MIT
// What lies between a connection's socket and its frames under TLS.
#include "client/load_connection.h"

namespace wss::client {
namespace {

Failure failureOf(tls::ClientFailure::Kind kind) {
  return static_cast<Failure>(static_cast<int>(Failure::kTlsCertificate) + static_cast<int>(kind));
}

}  // namespace

void LoadConnection::startHandshake() {
  tls_ = tls::ClientSession::connect(run_.tlsContext(), ticket_, run_.records());
  if (tls_ == nullptr) return failSystem(ErrorCode::kNoBufferSpace);
  state_ = State::kHandshake;
}

void LoadConnection::onCiphertext(Bytes ciphertext) {
  using TlsState = tls::ClientSession::State;
  const MutableBytes buffer = run_.plainBuffer();
  const std::size_t size = tls_->receive(ciphertext, buffer, run_.records());
  const TlsState state = tls_->state();
  if (state_ == State::kHandshake && (state == TlsState::kOpen || state == TlsState::kEnded)) {
    run_.countHandshake(*tls_);
    request();
  }
  if (size > 0) onBytes(buffer.first(size));
  if (state_ == State::kClosed) return;
  if (state == TlsState::kFailed) return onTlsFailure();
  if (state == TlsState::kEnded) return onEnd({net::Transfer::Status::kEnded});
  flush();
}

void LoadConnection::onTlsFailure() {
  const tls::ClientFailure failure = tls_->failure();
  fail(failureOf(failure.kind), failure.detail);
  // After a failure the next handshake is a full one.
  ticket_.reset();
}

void LoadConnection::seal() {
  ByteQueue& frames = run_.frames();
  if (frames.empty()) return;
  tls_->send(frames.bytes(), run_.records());
  frames.shrink(frames.size());
}

void LoadConnection::endTls(bool tell) {
  ByteQueue& records = run_.records();
  tls_->close(records);
  // Half of a record may be out: an alert behind that would not be read as one.
  if (tell && output_.empty() && !records.empty()) {
    socket_.send(records.bytes());
  }
  records.shrink(records.size());
  if (tls_->ticket() != nullptr) ticket_ = tls_->ticket();
  tls_.reset();
}

}  // namespace wss::client
