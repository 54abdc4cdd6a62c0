// SPDX-License-Identifier: MIT
// The frame of RFC 6455 §5.2 as data: opcodes, close codes, the header in bytes, the mask.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace wss::ws {

/// RFC 6455 §11.8.
enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

constexpr bool isControl(Opcode opcode) { return (static_cast<std::uint8_t>(opcode) & 0x8) != 0; }

/// RFC 6455 §7.4.1 and the registry of §11.7: those the core itself uses.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kNoStatus = 1005,  ///< never on the wire: the peer's Close had no code
  kAbnormal = 1006,  ///< never on the wire: the connection was lost
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kMessageTooBig = 1009,
  kInternalError = 1011,
  kTryAgainLater = 1013,
};

/// Whether a Close frame may carry `code`: 1000–1003, 1007–1014, 3000–4999 (RFC 6455 §7.4).
bool isWireCloseCode(std::uint16_t code);

inline constexpr std::size_t kMaxControlPayload = 125;
/// RFC 6455 §5.5.1: what the code leaves of it.
inline constexpr std::size_t kMaxCloseReason = kMaxControlPayload - 2;
inline constexpr std::size_t kMaxHeaderSize = 14;

/// The size of an unmasked header for a payload of `length` bytes: 2, 4 or 10.
constexpr std::size_t headerSize(std::uint64_t length) {
  return length < 126 ? 2 : length <= 0xFFFF ? 4 : 10;
}

/// Writes an unmasked header of headerSize(length) bytes to `place` and returns that size.
std::size_t writeHeader(std::uint8_t* place, Opcode opcode, bool fin, bool rsv1,
                        std::uint64_t length);

/// A masking key as it lies in memory on the wire, so that byte i of the payload is masked with
/// byte i % 4 of it.
struct MaskKey {
  std::uint8_t bytes[4] = {};
  /// The key for what comes after `count` bytes.
  [[nodiscard]] MaskKey after(std::uint64_t count) const;
};

/// target[i] = source[i] ^ key[i % 4]. `target` may be `source`, but they may not overlap
/// otherwise.
void applyMask(std::uint8_t* target, const std::uint8_t* source, std::size_t size, MaskKey key);

}  // namespace wss::ws
