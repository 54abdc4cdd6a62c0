// SPDX-License-Identifier: MIT
#include "tls/records/records.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "tls/openssl/failure.h"

namespace wss::tls {
namespace {

// Content types, RFC 8446 §5.1.
constexpr std::uint8_t kAlert = 21;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
// Of KeyUpdate, §4.6.3.
constexpr std::uint8_t kKeyUpdate = 24;
constexpr std::uint8_t kUpdateNotRequested = 0;
constexpr std::uint8_t kUpdateRequested = 1;
// Alerts, §6. Their level is ignored: the description says all.
constexpr std::uint8_t kWarning = 1;
constexpr std::uint8_t kFatal = 2;

/// §5.2 allows 256 bytes more than the content, for ciphers that need them; §5.4 does not allow to
/// fill them with padding. All of ours add the same.
constexpr std::size_t kMaxCiphertext = Records::kMaxContent + 1 + kTagSize;

constexpr const char* kOpenSslFailed = "OpenSSL could not protect a record.";

std::size_t lengthOf(Bytes header) { return std::size_t{header[3]} << 8 | header[4]; }

}  // namespace

Records::Records(Aead& aead, const Side& received, const Side& sent, Trace* trace)
    : trace_(trace),
      in_(aead, received.secret, received.records),
      out_(aead, sent.secret, sent.records) {}

std::string Records::failure() const {
  return failure_ == nullptr ? alertText(peerAlert_) : std::string(failure_);
}

std::size_t Records::receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out) {
  assert(plain.size() >= held_.size() + ciphertext.size());
  std::size_t total = 0;
  while (state_ == State::kOpen) {
    const Bytes record = takeRecord(ciphertext, out);
    if (record.empty()) break;
    total += open(record, plain.subspan(total), out);
    held_.clear();
  }
  if (state_ != State::kOpen) held_.clear();
  return total;
}

/// The next record, if it is there whole: in `ciphertext`, or in held_, which keeps what there is
/// of it otherwise.
Bytes Records::takeRecord(Bytes& ciphertext, ByteQueue& out) {
  const auto hold = [&](std::size_t size) {
    const std::size_t count = std::min(size - held_.size(), ciphertext.size());
    held_.append(ciphertext.first(count));
    ciphertext = ciphertext.subspan(count);
  };
  const bool isHeld = !held_.empty() || ciphertext.size() < kHeaderSize;
  if (isHeld && held_.size() < kHeaderSize) hold(kHeaderSize);
  const Bytes start = isHeld ? std::as_const(held_).bytes() : ciphertext;
  if (start.size() < kHeaderSize) return {};

  // §5.1: the version is to be ignored; as a part of what is authenticated it cannot be another.
  if (start[0] != kApplicationData) {
    fail(SSL_AD_UNEXPECTED_MESSAGE, kUnexpected, out);
    return {};
  }
  const std::size_t size = kHeaderSize + lengthOf(start);
  if (size > kHeaderSize + kMaxCiphertext) {
    fail(SSL_AD_RECORD_OVERFLOW, kRecordTooLong, out);
    return {};
  }
  if (!isHeld && ciphertext.size() >= size) {
    return std::exchange(ciphertext, ciphertext.subspan(size)).first(size);
  }
  hold(size);
  return held_.size() < size ? Bytes() : std::as_const(held_).bytes();
}

std::size_t Records::open(Bytes record, MutableBytes plain, ByteQueue& out) {
  const Bytes header = record.first(kHeaderSize);
  const Bytes sealed = record.subspan(kHeaderSize);
  if (trace_ != nullptr) trace_->onMessage(false, SSL3_RT_HEADER, header);
  if (sealed.size() <= kTagSize || !in_.open(header, sealed, plain.data())) {
    fail(SSL_AD_BAD_RECORD_MAC, kBadRecord, out);
    return 0;
  }
  // The peer has used its key often enough: we ask for the next one.
  if (in_.sequence() == kRecordsPerKey) update_ = Update::kBoth;

  // §5.4: the type is the last byte that is not zero; what follows it is padding.
  std::size_t size = sealed.size() - kTagSize;
  while (size > 0 && plain[size - 1] == 0) --size;
  const std::uint8_t type = size == 0 ? 0 : plain[--size];
  const Bytes content = plain.first(size);
  // §5.1: nothing may come between the records of a handshake message.
  const bool interrupts = handshakeSize_ > 0 && type != kHandshake;
  if (type == kApplicationData && !interrupts) {
    if (content.empty()) {
      countIdle(out);
    } else {
      idleRecords_ = 0;
    }
    return size;
  }
  if (trace_ != nullptr) trace_->onMessage(false, type, content);
  if (type == kAlert && !interrupts && !content.empty()) {
    onAlert(content, out);
  } else if (type == kHandshake && !content.empty()) {
    onHandshake(content, out);
  } else {
    fail(SSL_AD_UNEXPECTED_MESSAGE, kUnexpected, out);
  }
  return 0;
}

void Records::onAlert(Bytes alert, ByteQueue& out) {
  if (alert.size() != 2) return fail(SSL_AD_DECODE_ERROR, kBadMessage, out);
  switch (alert[1]) {
    case SSL_AD_CLOSE_NOTIFY:
      state_ = State::kEnded;
      return;
    case SSL_AD_USER_CANCELLED:
      return countIdle(out);
    default:
      // §6.2: every other one is the end, whatever its level; it is not answered.
      peerAlert_ = alert[1];
      state_ = State::kFailed;
  }
}

/// Of handshake messages a client may only send KeyUpdate: we do not ask it to authenticate later.
void Records::onHandshake(Bytes part, ByteQueue& out) {
  const MutableBytes room = MutableBytes(handshake_).subspan(handshakeSize_);
  const std::size_t count = std::min(room.size(), part.size());
  if (count > 0) std::memcpy(room.data(), part.data(), count);
  handshakeSize_ = static_cast<std::uint8_t>(handshakeSize_ + count);
  if (handshake_[0] != kKeyUpdate) return fail(SSL_AD_UNEXPECTED_MESSAGE, kUnexpected, out);
  if (handshakeSize_ < 4) return countIdle(out);
  if (handshake_[1] != 0 || handshake_[2] != 0 || handshake_[3] != 1) {
    return fail(SSL_AD_DECODE_ERROR, kBadMessage, out);
  }
  if (handshakeSize_ < 5) return countIdle(out);
  if (handshake_[4] > kUpdateRequested) return fail(SSL_AD_ILLEGAL_PARAMETER, kBadMessage, out);
  // §5.1: no message may span a change of keys.
  if (count < part.size()) return fail(SSL_AD_UNEXPECTED_MESSAGE, kUnexpected, out);
  handshakeSize_ = 0;
  in_.update();
  // It is answered before the next data, once, however often the peer asks until then.
  if (handshake_[4] == kUpdateRequested) update_ = std::max(update_, Update::kOurs);
  countIdle(out);
}

/// Records without data cost us more work than the peer: their number is limited.
void Records::countIdle(ByteQueue& out) {
  if (++idleRecords_ > kMaxIdleRecords) fail(SSL_AD_UNEXPECTED_MESSAGE, kTooManyEmpty, out);
}

void Records::send(Bytes start, Bytes rest, ByteQueue& out) {
  assert(start.size() <= kMaxContent);
  const std::size_t size = start.size() + rest.size();
  if (size == 0) return;
  idleRecords_ = 0;
  out.reserve(size + (size / kMaxContent + 2) * kOverhead);
  while (!(start.empty() && rest.empty()) && state_ != State::kFailed) {
    if (out_.sequence() >= kRecordsPerKey) update_ = std::max(update_, Update::kOurs);
    if (update_ != Update::kNone) sendUpdate(out);
    const Bytes part = rest.first(std::min(rest.size(), kMaxContent - start.size()));
    seal(kApplicationData, start, part, out);
    start = {};
    rest = rest.subspan(part.size());
  }
}

void Records::close(ByteQueue& out) {
  const std::uint8_t alert[] = {kWarning, SSL_AD_CLOSE_NOTIFY};
  seal(kAlert, alert, {}, out);
}

void Records::sendUpdate(ByteQueue& out) {
  const bool asks = std::exchange(update_, Update::kNone) == Update::kBoth;
  const std::uint8_t message[] = {kKeyUpdate, 0, 0, 1,
                                  asks ? kUpdateRequested : kUpdateNotRequested};
  seal(kHandshake, message, {}, out);
  out_.update();
}

void Records::seal(std::uint8_t type, Bytes start, Bytes rest, ByteQueue& out) {
  const std::size_t length = start.size() + rest.size() + 1 + kTagSize;
  std::uint8_t* const record = out.extend(kHeaderSize + length);
  record[0] = kApplicationData;
  record[1] = 3;
  record[2] = 3;
  record[3] = static_cast<std::uint8_t>(length >> 8);
  record[4] = static_cast<std::uint8_t>(length);
  const Bytes header(record, kHeaderSize);
  if (!out_.seal(header, start, rest, type, record + kHeaderSize)) {
    out.shrink(kHeaderSize + length);
    failure_ = kOpenSslFailed;
    state_ = State::kFailed;
    return;
  }
  if (trace_ == nullptr) return;
  trace_->onMessage(true, SSL3_RT_HEADER, header);
  if (type != kApplicationData) trace_->onMessage(true, type, start);
}

void Records::fail(std::uint8_t alert, const char* reason, ByteQueue& out) {
  const std::uint8_t message[] = {kFatal, alert};
  seal(kAlert, message, {}, out);
  failure_ = reason;
  state_ = State::kFailed;
}

}  // namespace wss::tls
