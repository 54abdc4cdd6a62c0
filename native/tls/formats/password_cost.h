// SPDX-License-Identifier: MIT
// What it costs to try a password: files say how often it is to be hashed, and may say years. All
// costs are nanoseconds on a core of 2024, a little more than was measured. Internal to tls/.
#pragma once

#include <openssl/x509.h>

#include <cstdint>

namespace wss::tls {

/// What all passwords of a store may cost together. The server does nothing else meanwhile.
inline constexpr std::uint64_t kMaxPasswordCost = 1'000'000'000;

/// That of a password-based encryption or MAC (RFC 8018 appendix A, RFC 7292 appendix C, RFC 7914
/// §7); more than kMaxPasswordCost when its numbers are none that anybody writes, and 0 when
/// `algorithm` is none that is known, which OpenSSL refuses at once.
std::uint64_t passwordCost(const X509_ALGOR* algorithm);

/// That of the MAC of a PFX (RFC 7292 §4): `digest` is its hash. Null for `count` is once.
std::uint64_t macCost(const X509_ALGOR* digest, const ASN1_INTEGER* count);

}  // namespace wss::tls
