// SPDX-License-Identifier: MIT
// The record protocol of TLS 1.3 (RFC 8446 §5) after the handshake, with what may still come there:
// KeyUpdate (§4.6.3) and alerts (§6). It takes over from OpenSSL, whose SSL object may go then. It
// knows neither role nor socket: it has a key for each direction.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "tls/records/aead.h"

namespace wss::tls {

/// Is told of records, and of what was in them unless it was data, as SSL_CTX_set_msg_callback(3)
/// tells it.
class Trace {
 public:
  virtual void onMessage(bool sent, int type, Bytes message) = 0;

 protected:
  ~Trace() = default;
};

class Records {
 public:
  enum class State : std::uint8_t {
    kOpen,
    kEnded,   ///< the peer has said close_notify
    kFailed,  ///< failure() says why; the alert that tells the peer has been appended
  };

  /// The most that a record may hold, and what it adds to that.
  static constexpr std::size_t kMaxContent = std::size_t{16} * 1024;
  static constexpr std::size_t kHeaderSize = 5;
  static constexpr std::size_t kOverhead = kHeaderSize + 1 + kTagSize;
  /// RFC 8446 §5.5 allows 2^24.5 records under one key of AES-GCM; we ask for the next one, or go
  /// on to it, before that.
  static constexpr std::uint64_t kRecordsPerKey = std::uint64_t{1} << 24;
  /// Records without data that a peer may send before data has to flow, either way.
  static constexpr int kMaxIdleRecords = 32;

  /// What has been `received` and `sent` so far under these secrets. `aead` must outlive it, and so
  /// must `trace`, which may be null.
  struct Side {
    Bytes secret;
    std::uint64_t records;
  };
  Records(Aead& aead, const Side& received, const Side& sent, Trace* trace);

  [[nodiscard]] State state() const { return state_; }
  /// A sentence. REQUIRES kFailed.
  [[nodiscard]] std::string failure() const;

  /// Takes all of `ciphertext`, writes the data to `plain` and returns its size; what follows an
  /// end is dropped. REQUIRES that `plain` has room for `ciphertext` and one record more. Appends
  /// an alert to `out` when the peer has broken a rule.
  std::size_t receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out);
  /// Appends `start` and `rest`, one after the other, to `out` as records, with the KeyUpdate that
  /// is due before them. REQUIRES that `start` fits into a record.
  void send(Bytes start, Bytes rest, ByteQueue& out);
  /// Appends close_notify.
  void close(ByteQueue& out);

 private:
  /// What we are to say about our key before the next data.
  enum class Update : std::uint8_t { kNone, kOurs, kBoth };

  Bytes takeRecord(Bytes& ciphertext, ByteQueue& out);
  std::size_t open(Bytes record, MutableBytes plain, ByteQueue& out);
  void onAlert(Bytes alert, ByteQueue& out);
  void onHandshake(Bytes part, ByteQueue& out);
  void countIdle(ByteQueue& out);
  void sendUpdate(ByteQueue& out);
  void seal(std::uint8_t type, Bytes start, Bytes rest, ByteQueue& out);
  void fail(std::uint8_t alert, const char* reason, ByteQueue& out);

  Trace* trace_;
  const char* failure_ = nullptr;
  ByteQueue held_;  ///< the start of a record
  State state_ = State::kOpen;
  Update update_ = Update::kNone;
  std::uint8_t idleRecords_ = 0;
  std::uint8_t peerAlert_ = 0;
  std::uint8_t handshakeSize_ = 0;
  std::array<std::uint8_t, 5> handshake_{};  ///< the start of a KeyUpdate
  TrafficKey in_;
  TrafficKey out_;
};

}  // namespace wss::tls
