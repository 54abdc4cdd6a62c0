// SPDX-License-Identifier: MIT
#include "ws/writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace wss::ws {

void appendFrame(ByteQueue& out, Opcode opcode, bool fin, bool rsv1, Bytes payload) {
  std::uint8_t* place = out.extend(headerSize(payload.size()) + payload.size());
  place += writeHeader(place, opcode, fin, rsv1, payload.size());
  if (!payload.empty()) std::memcpy(place, payload.data(), payload.size());
}

void appendMaskedFrame(ByteQueue& out, Opcode opcode, bool fin, bool rsv1, MaskKey key,
                       Bytes payload) {
  std::uint8_t* start = out.extend(headerSize(payload.size()) + sizeof key.bytes + payload.size());
  std::uint8_t* place = start + writeHeader(start, opcode, fin, rsv1, payload.size());
  start[1] |= 0x80;
  std::memcpy(place, key.bytes, sizeof key.bytes);
  applyMask(place + sizeof key.bytes, payload.data(), payload.size(), key);
}

ClosePayload::ClosePayload(std::uint16_t code, std::string_view reason) : size_(0) {
  if (code == static_cast<std::uint16_t>(CloseCode::kNoStatus)) return;
  assert(isWireCloseCode(code));
  data_[0] = static_cast<std::uint8_t>(code >> 8);
  data_[1] = static_cast<std::uint8_t>(code);

  const Bytes text = bytesOf(reason);
  std::size_t fits = std::min(text.size(), kMaxCloseReason);
  const auto cutsCharacter = [text](std::size_t at) {
    return at < text.size() && (text[at] & 0xC0) == 0x80;
  };
  while (fits > 0 && cutsCharacter(fits)) --fits;
  if (fits > 0) std::memcpy(data_ + 2, text.data(), fits);
  size_ = 2 + fits;
}

}  // namespace wss::ws
