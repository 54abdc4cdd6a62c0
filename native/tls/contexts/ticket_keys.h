// SPDX-License-Identifier: MIT
// The keys that seal session tickets (RFC 5077 §4). The first seals; all of them open, and a ticket
// opened by another than the first is replaced by a new one. Given the same bytes, servers resume
// each other's sessions.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace wss::tls {

class TicketKeys {
 public:
  /// The bytes of one key: 16 that name it, 32 for AES-256-CBC, 32 for HMAC-SHA-256.
  static constexpr std::size_t kKeySize = 80;
  static constexpr std::size_t kMaxKeys = 16;

  TicketKeys() = default;
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  /// Replaces all keys. Error 10022 when that is not a whole number of them, from 1 to kMaxKeys.
  /// They stay as they are until the next call.
  Result<void> set(Bytes keys);
  /// Replaces all keys by one that nobody else has, which rotate() follows up.
  Result<void> setRandom();
  /// Of keys that nobody has set, each seals for `lifetime`, and opens what it has sealed for as
  /// long again: puts a new one in front when that is due, and drops those that are done.
  void rotate(std::chrono::seconds lifetime);
  [[nodiscard]] Bytes bytes() const { return keys_; }

  /// Does what SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks for, and returns what it wants.
  int prepare(std::uint8_t* name, std::uint8_t* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac,
              bool sealing) const;

 private:
  using Clock = std::chrono::steady_clock;

  void replace(std::vector<std::uint8_t> keys);

  std::vector<std::uint8_t> keys_;
  std::vector<Clock::time_point> births_;  ///< of each key that is our own; else empty
};

}  // namespace wss::tls
