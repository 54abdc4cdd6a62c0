// SPDX-License-Identifier: MIT
// The same random numbers every time, so that an input means the same every time. For fuzzers only.
#pragma once

#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

namespace wss::test {

/// What OpenSSL draws from, once seedRandom() has been called.
inline std::uint64_t randomState = 0;

/// SplitMix64, a byte of each number.
inline int drawRandom(unsigned char* bytes, int count) {
  for (int at = 0; at < count; ++at) {
    std::uint64_t mixed = randomState += 0x9E3779B97F4A7C15U;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    bytes[at] = static_cast<unsigned char>(mixed >> 56);
  }
  return 1;
}

// What replaces RAND_METHOD is a whole provider.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
/// Has OpenSSL begin with the same numbers again.
inline void seedRandom() {
  static const RAND_METHOD method = {nullptr, drawRandom, nullptr,
                                     nullptr, drawRandom, [] { return 1; }};
  if (RAND_get_rand_method() != &method && RAND_set_rand_method(&method) != 1) std::abort();
  randomState = 0;
}
#pragma clang diagnostic pop

}  // namespace wss::test
