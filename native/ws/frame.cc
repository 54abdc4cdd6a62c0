// SPDX-License-Identifier: MIT
#include "ws/frame.h"

#include <bit>
#include <cstring>

namespace wss::ws {
namespace {

// Whole words are loaded from and stored to bytes of any alignment. A word of the key holds its
// four bytes as they lie in memory, once or twice.
template <typename Word>
Word load(const std::uint8_t* place) {
  Word word;
  std::memcpy(&word, place, sizeof word);
  return word;
}

template <typename Word>
void store(std::uint8_t* place, Word word) {
  std::memcpy(place, &word, sizeof word);
}

/// The key for what comes after `count` bytes.
template <typename Word>
Word turn(Word key, std::size_t count) {
  const int bits = static_cast<int>(count % 4) * 8;
  return std::endian::native == std::endian::little ? std::rotr(key, bits) : std::rotl(key, bits);
}

/// Masks as many whole blocks as there are and returns their size. A block is loaded before it is
/// stored, so that the compiler may use vectors although `target` may be `source`.
std::size_t maskBlocks(std::uint8_t* target, const std::uint8_t* source, std::size_t size,
                       std::uint64_t key) {
  constexpr std::size_t kWords = 4;
  constexpr std::size_t kWordSize = sizeof key;
  std::uint64_t block[kWords];
  std::size_t at = 0;
  for (; size - at >= sizeof block; at += sizeof block) {
    const std::uint8_t* from = source + at;
    std::uint8_t* to = target + at;
    for (std::size_t i = 0; i < kWords; ++i) {
      block[i] = load<std::uint64_t>(from + i * kWordSize) ^ key;
    }
    for (std::size_t i = 0; i < kWords; ++i) store(to + i * kWordSize, block[i]);
  }
  return at;
}

/// Masks word by word; `size` is at least a word. The last word may overlap the one
/// before it, and is therefore loaded before any is stored: in place, a byte may be masked but
/// once.
template <typename Word>
void maskWords(std::uint8_t* target, const std::uint8_t* source, std::size_t size, Word key) {
  const std::size_t lastAt = size - sizeof key;
  const Word last = load<Word>(source + lastAt) ^ turn(key, lastAt);
  std::size_t at = 0;
  if constexpr (sizeof key == sizeof(std::uint64_t)) at = maskBlocks(target, source, size, key);
  for (; at < lastAt; at += sizeof key) store(target + at, load<Word>(source + at) ^ key);
  store(target + lastAt, last);
}

}  // namespace

bool isWireCloseCode(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::size_t writeHeader(std::uint8_t* place, Opcode opcode, bool fin, bool rsv1,
                        std::uint64_t length) {
  const std::size_t size = headerSize(length);
  place[0] = static_cast<std::uint8_t>((fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) |
                                       static_cast<std::uint8_t>(opcode));
  if (size == 2) {
    place[1] = static_cast<std::uint8_t>(length);
    return size;
  }
  place[1] = size == 4 ? 126 : 127;
  for (std::size_t i = size - 1; i >= 2; --i) {
    place[i] = static_cast<std::uint8_t>(length);
    length >>= 8;
  }
  return size;
}

MaskKey MaskKey::after(std::uint64_t count) const {
  MaskKey key;
  store(key.bytes, turn(load<std::uint32_t>(bytes), static_cast<std::size_t>(count % 4)));
  return key;
}

void applyMask(std::uint8_t* target, const std::uint8_t* source, std::size_t size, MaskKey key) {
  const auto word = load<std::uint32_t>(key.bytes);
  if (size >= sizeof(std::uint64_t)) {
    maskWords<std::uint64_t>(target, source, size, std::uint64_t{word} << 32 | word);
  } else if (size >= sizeof(std::uint32_t)) {
    maskWords<std::uint32_t>(target, source, size, word);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      target[i] = static_cast<std::uint8_t>(source[i] ^ key.bytes[i]);
    }
  }
}

}  // namespace wss::ws
