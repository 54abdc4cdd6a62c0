// SPDX-License-Identifier: MIT
// The versions of TLS, as settings name them.
#pragma once

#include <cstdint>

namespace wss::tls {

/// The bits of SSLEnabledProtocols.
inline constexpr std::uint32_t kTls10 = 192;
inline constexpr std::uint32_t kTls11 = 768;
inline constexpr std::uint32_t kTls12 = 3072;
inline constexpr std::uint32_t kTls13 = 12288;

}  // namespace wss::tls
