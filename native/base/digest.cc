// SPDX-License-Identifier: MIT
#include "base/digest.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace wss {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::size_t kBlockSize = 64;

using Sha1State = std::array<std::uint32_t, 5>;

std::uint32_t loadBigEndian(const std::uint8_t* place) {
  return std::uint32_t{place[0]} << 24 | std::uint32_t{place[1]} << 16 |
         std::uint32_t{place[2]} << 8 | std::uint32_t{place[3]};
}

// RFC 3174 §6.1.
void addBlock(Sha1State& state, const std::uint8_t* block) {
  std::array<std::uint32_t, 80> words;
  for (std::size_t i = 0; i < 16; ++i) words[i] = loadBigEndian(block + i * 4);
  for (std::size_t i = 16; i < words.size(); ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }

  auto [a, b, c, d, e] = state;
  const auto rounds = [&](std::size_t first, std::uint32_t constant, auto mix) {
    for (std::size_t i = first; i < first + 20; ++i) {
      const std::uint32_t sum = std::rotl(a, 5) + mix(b, c, d) + e + words[i] + constant;
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = sum;
    }
  };
  using Word = std::uint32_t;
  const auto choose = [](Word x, Word y, Word z) { return (x & y) | (~x & z); };
  const auto parity = [](Word x, Word y, Word z) { return x ^ y ^ z; };
  const auto majority = [](Word x, Word y, Word z) { return (x & y) | (x & z) | (y & z); };
  rounds(0, 0x5A827999, choose);
  rounds(20, 0x6ED9EBA1, parity);
  rounds(40, 0x8F1BBCDC, majority);
  rounds(60, 0xCA62C1D6, parity);

  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(Bytes input) {
  Sha1State state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const std::uint64_t bits = std::uint64_t{input.size()} * 8;

  while (input.size() >= kBlockSize) {
    addBlock(state, input.data());
    input = input.subspan(kBlockSize);
  }

  // The rest, a one bit, zeroes, and the size in bits in the last eight bytes: one block or two.
  std::array<std::uint8_t, 2 * kBlockSize> tail = {};
  if (!input.empty()) std::memcpy(tail.data(), input.data(), input.size());
  tail[input.size()] = 0x80;
  const std::size_t tailSize = input.size() + 9 <= kBlockSize ? kBlockSize : 2 * kBlockSize;
  for (std::size_t i = 0; i < 8; ++i) {
    tail[tailSize - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  for (std::size_t at = 0; at < tailSize; at += kBlockSize) addBlock(state, tail.data() + at);

  std::array<std::uint8_t, 20> digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

std::string base64Encode(Bytes input) {
  std::string text;
  text.reserve((input.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < input.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, input.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < count; ++i) group |= std::uint32_t{input[at + i]} << (16 - 8 * i);
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? kAlphabet[group >> (18 - 6 * i) & 0x3F] : '=';
    }
  }
  return text;
}

bool isBase64Of(std::string_view text, std::size_t size) {
  if (text.size() != (size + 2) / 3 * 4) return false;
  const std::size_t digits = (size * 8 + 5) / 6;
  for (std::size_t i = digits; i < text.size(); ++i) {
    if (text[i] != '=') return false;
  }
  std::size_t digit = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    digit = kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) return false;
  }
  // Canonical (RFC 4648 §3.5): the bits of the last digit that are not used are zero.
  const std::size_t unusedBits = digits * 6 - size * 8;
  return (digit & ((std::size_t{1} << unusedBits) - 1)) == 0;
}

}  // namespace wss
