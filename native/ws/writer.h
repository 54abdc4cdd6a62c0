// SPDX-License-Identifier: MIT
// Messages → frames (RFC 6455 §5). Appends to the caller's queue; no I/O, no state but a client's
// masking.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "ws/frame.h"

namespace wss::ws {

/// Appends one unmasked frame.
void appendFrame(ByteQueue& out, Opcode opcode, bool fin, bool rsv1, Bytes payload);

/// Appends one frame masked with `key`, as a client must send it.
void appendMaskedFrame(ByteQueue& out, Opcode opcode, bool fin, bool rsv1, MaskKey key,
                       Bytes payload);

/// The payload of a Close frame: the code and as much of the reason as fits whole characters into
/// 123 bytes. Empty for kNoStatus. REQUIRES a code that isWireCloseCode() or kNoStatus, and UTF-8.
struct ClosePayload {
  ClosePayload(std::uint16_t code, std::string_view reason);
  [[nodiscard]] Bytes bytes() const { return {data_, size_}; }

 private:
  std::uint8_t data_[kMaxControlPayload];
  std::size_t size_;
};

}  // namespace wss::ws
