// SPDX-License-Identifier: MIT
// What goes over the wire, as a client and as a server sends it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "ws/deflate.h"
#include "ws/frame.h"
#include "ws/writer.h"

namespace wss::test {

inline void mustBe(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

/// A frame as a client sends it.
inline std::string masked(ws::Opcode opcode, std::string_view payload, bool fin = true) {
  ByteQueue out;
  ws::appendMaskedFrame(out, opcode, fin, false, {{0x12, 0x34, 0x56, 0x78}}, bytesOf(payload));
  return std::string(textOf(out.bytes()));
}

/// The payload of a compressed message (RFC 7692 §7.2.1).
inline std::string deflated(std::string_view text) {
  ByteQueue out;
  mustBe(ws::Deflater({}).compress(bytesOf(text), out).ok(), "nothing to compress with");
  return std::string(textOf(out.bytes()));
}

/// A compressed frame as a client sends it: RSV1 is set in the first one of a message.
inline std::string compressed(ws::Opcode opcode, Bytes payload, bool fin = true) {
  ByteQueue out;
  const bool rsv1 = opcode != ws::Opcode::kContinuation;
  ws::appendMaskedFrame(out, opcode, fin, rsv1, {{0x12, 0x34, 0x56, 0x78}}, payload);
  return std::string(textOf(out.bytes()));
}

/// A frame as a server sends it.
inline std::string plain(ws::Opcode opcode, std::string_view payload) {
  ByteQueue out;
  ws::appendFrame(out, opcode, true, false, bytesOf(payload));
  return std::string(textOf(out.bytes()));
}

inline std::string closePayload(std::uint16_t code, std::string_view reason = {}) {
  return std::string(textOf(ws::ClosePayload(code, reason).bytes()));
}

/// An opening request with `lines` added.
inline std::string request(std::string_view lines = {}) {
  std::string text =
      "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n";
  return text.append(lines).append("\r\n");
}

/// What a client that compresses adds to its request().
inline constexpr std::string_view kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
/// What request() is answered with.
inline constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

}  // namespace wss::test
