// SPDX-License-Identifier: MIT
// How often a key derivation repeats itself, so that a file cannot keep us busy for hours.
// Internal to tls/.
#pragma once

#include <openssl/x509.h>

#include <cstdint>

namespace wss::tls {

/// What all passwords of a store may cost together: some seconds.
inline constexpr std::uint64_t kMaxRounds = 10'000'000;

/// The number that `count` stands for; more than kMaxRounds if it is too large for one.
std::uint64_t roundsOf(const ASN1_INTEGER* count);

/// The rounds of a password-based encryption or MAC (RFC 8018 appendix A, RFC 7914 §7); 0 when
/// `algorithm` is none that is known.
std::uint64_t roundsOf(const X509_ALGOR* algorithm);

}  // namespace wss::tls
