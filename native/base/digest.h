// SPDX-License-Identifier: MIT
// SHA-1 (RFC 3174) and Base64 (RFC 4648 §4), for the one place of the protocol that wants them:
// Sec-WebSocket-Accept (RFC 6455 §4.2.2). Not for anything that must be secure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wss {

std::array<std::uint8_t, 20> sha1(Bytes input);

std::string base64Encode(Bytes input);

/// Whether `text` is the canonical Base64 of exactly `size` bytes (padding included).
bool isBase64Of(std::string_view text, std::size_t size);

}  // namespace wss
