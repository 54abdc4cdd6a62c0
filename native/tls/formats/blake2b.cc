// SPDX-License-Identifier: MIT
#include "tls/formats/blake2b.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <bit>

namespace wss::tls {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::array<std::uint64_t, 8> kInitial = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

constexpr std::uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

constexpr int kRounds = 12;

}  // namespace

Blake2b::Blake2b(std::size_t size) : state_(kInitial) { state_[0] ^= 0x01010000U ^ size; }

Blake2b::~Blake2b() {
  OPENSSL_cleanse(state_.data(), sizeof state_);
  OPENSSL_cleanse(block_.data(), block_.size());
}

Blake2b& Blake2b::update(Bytes bytes) {
  while (!bytes.empty()) {
    // The last block is compressed in another way, so that a full one waits.
    if (filled_ == kBlock) {
      compress(false);
      filled_ = 0;
    }
    const std::size_t size = std::min(bytes.size(), kBlock - filled_);
    std::ranges::copy(bytes.first(size), block_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += size;
    total_ += size;
    bytes = bytes.subspan(size);
  }
  return *this;
}

Blake2b& Blake2b::update(std::uint32_t number) {
  std::array<std::uint8_t, sizeof number> digits;
  std::memcpy(digits.data(), &number, sizeof number);
  return update(Bytes(digits));
}

void Blake2b::finish(MutableBytes digest) {
  std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.end(), std::uint8_t{0});
  compress(true);
  std::memcpy(digest.data(), state_.data(), digest.size());
}

void Blake2b::compress(bool isLast) {
  std::array<std::uint64_t, 16> words;
  std::memcpy(words.data(), block_.data(), kBlock);
  std::array<std::uint64_t, 16> v;
  std::ranges::copy(state_, v.begin());
  std::ranges::copy(kInitial, v.begin() + 8);
  v[12] ^= total_;
  if (isLast) v[14] = ~v[14];
  const auto mix = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d, std::uint64_t x,
                       std::uint64_t y) {
    v[a] += v[b] + x;
    v[d] = std::rotr(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = std::rotr(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = std::rotr(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = std::rotr(v[b] ^ v[c], 63);
  };
  for (int round = 0; round < kRounds; ++round) {
    const std::uint8_t* const s = kSigma[round % 10];
    for (std::size_t i = 0; i < 4; ++i) {
      mix(i, i + 4, i + 8, i + 12, words[s[2 * i]], words[s[2 * i + 1]]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      mix(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, words[s[2 * i + 8]],
          words[s[2 * i + 9]]);
    }
  }
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] ^= v[i] ^ v[i + 8];
}

}  // namespace wss::tls
