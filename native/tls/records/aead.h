// SPDX-License-Identifier: MIT
// The protection of one record (RFC 8446 §5.2). A context that is set up with a key takes a
// kilobyte; to set it up anew takes a tenth of a microsecond. So connections have no contexts but
// their secrets, and share some contexts for each suite of a thread: each has the key that used it
// last.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "tls/records/key_schedule.h"

struct evp_cipher_ctx_st;
struct evp_cipher_st;

namespace wss::tls {

class TrafficKey;

/// What protection adds to a record's content and type.
inline constexpr std::size_t kTagSize = 16;

/// A cipher suite of TLS 1.3 at work. Belongs to one thread.
class Aead {
 public:
  /// Null when OpenSSL does not know `suite`, or we do not.
  static std::unique_ptr<Aead> create(std::uint16_t suite);
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;
  ~Aead();

  [[nodiscard]] std::uint16_t suite() const { return suite_; }
  [[nodiscard]] Expander& expander() { return expander_; }
  [[nodiscard]] std::size_t keySize() const { return keySize_; }

 private:
  friend class TrafficKey;

  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  struct FreeCipher {
    void operator()(evp_cipher_st* cipher) const;
  };
  struct Slot {
    std::unique_ptr<evp_cipher_ctx_st, FreeContext> context;
    const TrafficKey* owner = nullptr;  ///< whose key lies in it
  };

  /// Enough for 64 connections, which have two keys each.
  static constexpr std::size_t kSlots = 128;

  Aead(const char* hash, std::size_t hashSize) : expander_(hash, hashSize) {}

  /// The slot of a new key: they take turns.
  std::uint8_t nextSlot() { return static_cast<std::uint8_t>(nextSlot_++ % kSlots); }
  /// A context with the key and the nonce of the next record of `key`; null when OpenSSL fails.
  evp_cipher_ctx_st* prepare(const TrafficKey& key, bool sealing);
  /// Wipes the key of `key`, if it lies here. REQUIRED before it changes or dies.
  void forget(const TrafficKey& key);

  std::uint16_t suite_ = 0;
  std::unique_ptr<evp_cipher_st, FreeCipher> cipher_;
  Expander expander_;
  std::size_t keySize_ = 0;
  std::uint8_t nextSlot_ = 0;
  std::array<Slot, kSlots> slots_;
};

/// What protects the records of one direction: the traffic secret, and the number of the next
/// record under it.
class TrafficKey {
 public:
  /// `sequence` records have been protected with `secret` already. `aead` must outlive it.
  TrafficKey(Aead& aead, Bytes secret, std::uint64_t sequence);
  TrafficKey(const TrafficKey&) = delete;
  TrafficKey& operator=(const TrafficKey&) = delete;
  ~TrafficKey() { aead_.forget(*this); }

  /// How many records there have been under this secret.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

  /// Goes on to the next secret (RFC 8446 §7.2).
  void update();

  /// Writes the protected form of `start`, `rest` and `type`, one after the other, to `out`, which
  /// has room for them and kTagSize. `header` is that of the record. False when OpenSSL fails.
  bool seal(Bytes header, Bytes start, Bytes rest, std::uint8_t type, std::uint8_t* out);
  /// Writes what is in `sealed` to `out`: kTagSize bytes less. False when it is not what was
  /// sealed; what is in `out` is then of no use. REQUIRES sealed.size() > kTagSize.
  bool open(Bytes header, Bytes sealed, std::uint8_t* out);

 private:
  friend class Aead;

  void derive();

  Aead& aead_;
  std::uint64_t sequence_;
  std::uint8_t slot_;
  bool usable_ = false;  ///< OpenSSL has derived the key
  SecretBytes<kIvSize> iv_;
  SecretBytes<kMaxKeySize> key_;
  SecretBytes<kMaxHashSize> secret_;
};

}  // namespace wss::tls
