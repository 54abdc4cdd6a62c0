// SPDX-License-Identifier: MIT
// Argon2 (RFC 9106), by which PuTTY locks its keys: the OpenSSL of older Node.js has none.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace wss::tls {

struct Argon2 {
  enum class Kind : std::uint8_t { kD = 0, kI = 1, kId = 2 };

  Kind kind = Kind::kId;
  std::uint32_t memory = 0;  ///< KiB; at least 8 for each lane
  std::uint32_t passes = 0;
  std::uint32_t lanes = 0;
  Bytes password;
  Bytes salt;
  Bytes secret;
  Bytes data;
};

/// KiB of memory, and of memory times passes: what takes a second on a core of 2024.
inline constexpr std::uint64_t kMaxArgon2Memory = 256 * 1024;
inline constexpr std::uint64_t kMaxArgon2Work = 512 * 1024;

/// Fills `tag`. False when the numbers are not allowed, or there is not so much memory. One thread
/// does all lanes; what it used is wiped.
bool argon2(const Argon2& parameters, MutableBytes tag);

}  // namespace wss::tls
