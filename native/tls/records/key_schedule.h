// SPDX-License-Identifier: MIT
// What TLS 1.3 makes of a traffic secret (RFC 8446 §7), and where secrets are kept: in memory that
// is wiped when it is let go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/bytes.h"

struct evp_mac_ctx_st;

namespace wss::tls {

/// The sizes of TLS 1.3's largest hash and key, and that of every IV.
inline constexpr std::size_t kMaxHashSize = 48;
inline constexpr std::size_t kMaxKeySize = 32;
inline constexpr std::size_t kIvSize = 12;

/// Overwrites `bytes` in a way that no compiler leaves out.
void wipe(MutableBytes bytes);

/// Secret bytes, wiped when they go.
template <std::size_t size>
class SecretBytes {
 public:
  SecretBytes() = default;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(bytes_); }

  [[nodiscard]] MutableBytes first(std::size_t count) { return MutableBytes(bytes_).first(count); }
  [[nodiscard]] Bytes first(std::size_t count) const { return Bytes(bytes_).first(count); }

 private:
  std::array<std::uint8_t, size> bytes_{};
};

/// The traffic secrets with which the records of both sides begin, as they are told in the lines of
/// a key log (the NSS Key Log Format), and how many records have gone out under the server's.
class TrafficSecrets {
 public:
  /// Takes note of `line` if it has one of the two.
  void onKeyLog(std::string_view line);
  /// A record has been sent, under whatever key.
  void onSent() { ++sent_; }

  /// Whether both are there.
  [[nodiscard]] bool complete() const { return size_ > 0 && ofClient_ && ofServer_; }
  [[nodiscard]] Bytes client() const { return client_.first(size_); }
  [[nodiscard]] Bytes server() const { return server_.first(size_); }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  std::uint64_t sent_ = 0;
  std::size_t size_ = 0;
  bool ofClient_ = false;
  bool ofServer_ = false;
  SecretBytes<kMaxHashSize> client_;
  SecretBytes<kMaxHashSize> server_;
};

/// HKDF-Expand-Label of RFC 8446 §7.1. It keeps what OpenSSL would otherwise look up, allocate and
/// let go in each of four calls a connection; it keeps no secret.
class Expander {
 public:
  /// `hash` is OpenSSL's name of one, of `hashSize` bytes.
  Expander(const char* hash, std::size_t hashSize);

  [[nodiscard]] std::size_t hashSize() const { return hashSize_; }
  struct Output {
    std::string_view label;  ///< at most 12 characters
    MutableBytes out;        ///< no more than a hash has
  };
  /// HKDF-Expand-Label(`secret`, label, "", size of out) for each of `outputs`. False when OpenSSL
  /// fails.
  bool expand(Bytes secret, std::initializer_list<Output> outputs);

 private:
  /// T(1) of the key that hmac_ has.
  bool expandOne(const Output& output);

  struct FreeMac {
    void operator()(evp_mac_ctx_st* mac) const;
  };

  std::size_t hashSize_;
  std::unique_ptr<evp_mac_ctx_st, FreeMac> hmac_;
};

}  // namespace wss::tls
