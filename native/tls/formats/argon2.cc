// SPDX-License-Identifier: MIT
#include "tls/formats/argon2.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <new>
#include <span>

#include "tls/formats/blake2b.h"

namespace wss::tls {
namespace {

constexpr std::uint32_t kVersion = 0x13;
constexpr std::uint32_t kSlices = 4;
constexpr std::size_t kWords = 128;

using Block = std::array<std::uint64_t, kWords>;

/// H' of RFC 9106 §3.3: `tag` from the concatenation of `parts`.
void hashLong(std::initializer_list<Bytes> parts, MutableBytes tag) {
  constexpr std::size_t kHalf = Blake2b::kMaxSize / 2;
  const auto size = static_cast<std::uint32_t>(tag.size());
  Blake2b first(std::min(tag.size(), Blake2b::kMaxSize));
  first.update(size);
  for (const Bytes part : parts) first.update(part);
  if (tag.size() <= Blake2b::kMaxSize) return first.finish(tag);
  std::array<std::uint8_t, Blake2b::kMaxSize> value;
  first.finish(value);
  while (tag.size() > Blake2b::kMaxSize) {
    std::ranges::copy(Bytes(value).first(kHalf), tag.begin());
    tag = tag.subspan(kHalf);
    const std::size_t next = std::min(tag.size(), Blake2b::kMaxSize);
    Blake2b(next).update(Bytes(value)).finish(MutableBytes(value).first(next));
  }
  std::ranges::copy(Bytes(value).first(tag.size()), tag.begin());
  OPENSSL_cleanse(value.data(), value.size());
}

std::uint64_t multiplyAdd(std::uint64_t a, std::uint64_t b) {
  return a + b +
         2 * static_cast<std::uint64_t>(static_cast<std::uint32_t>(a)) *
             static_cast<std::uint32_t>(b);
}

void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d) {
  a = multiplyAdd(a, b);
  d = std::rotr(d ^ a, 32);
  c = multiplyAdd(c, d);
  b = std::rotr(b ^ c, 24);
  a = multiplyAdd(a, b);
  d = std::rotr(d ^ a, 16);
  c = multiplyAdd(c, d);
  b = std::rotr(b ^ c, 63);
}

/// P of RFC 9106 §3.6 over sixteen words: pairs that are `stride` apart.
void permute(Block& block, std::size_t begin, std::size_t stride) {
  const auto at = [&](std::size_t i) -> std::uint64_t& {
    return block[begin + i / 2 * stride + i % 2];
  };
  for (std::size_t i = 0; i < 4; ++i) mix(at(i), at(i + 4), at(i + 8), at(i + 12));
  for (std::size_t i = 0; i < 4; ++i) {
    mix(at(i), at((i + 1) % 4 + 4), at((i + 2) % 4 + 8), at((i + 3) % 4 + 12));
  }
}

/// G of RFC 9106 §3.5; with `adding` its result is added to what `to` was.
void compress(const Block& x, const Block& y, Block& to, bool adding) {
  Block mixed;
  for (std::size_t i = 0; i < kWords; ++i) mixed[i] = x[i] ^ y[i];
  Block kept = mixed;
  if (adding) {
    for (std::size_t i = 0; i < kWords; ++i) kept[i] ^= to[i];
  }
  for (std::size_t row = 0; row < 8; ++row) permute(mixed, row * 16, 2);
  for (std::size_t column = 0; column < 8; ++column) permute(mixed, column * 2, 16);
  for (std::size_t i = 0; i < kWords; ++i) to[i] = kept[i] ^ mixed[i];
}

class Filler {
 public:
  Filler(const Argon2& parameters, std::span<Block> blocks)
      : parameters_(parameters),
        blocks_(blocks),
        lane_(static_cast<std::uint32_t>(blocks.size() / parameters.lanes)),
        segment_(lane_ / kSlices) {}

  void fill() {
    for (std::uint32_t pass = 0; pass < parameters_.passes; ++pass) {
      for (std::uint32_t slice = 0; slice < kSlices; ++slice) {
        for (std::uint32_t lane = 0; lane < parameters_.lanes; ++lane) {
          fillSegment(pass, slice, lane);
        }
      }
    }
  }

 private:
  void fillSegment(std::uint32_t pass, std::uint32_t slice, std::uint32_t lane) {
    const bool independent =
        parameters_.kind == Argon2::Kind::kI ||
        (parameters_.kind == Argon2::Kind::kId && pass == 0 && slice < kSlices / 2);
    Block input{pass,
                lane,
                slice,
                blocks_.size(),
                parameters_.passes,
                static_cast<std::uint64_t>(parameters_.kind)};
    Block addresses;
    const std::uint32_t begin = pass == 0 && slice == 0 ? 2 : 0;
    for (std::uint32_t index = begin; index < segment_; ++index) {
      const std::uint32_t column = slice * segment_ + index;
      const Block& previous = block(lane, (column + lane_ - 1) % lane_);
      if (independent && (index % kWords == 0 || index == begin)) nextAddresses(input, addresses);
      const std::uint64_t random = independent ? addresses[index % kWords] : previous[0];
      const auto other = static_cast<std::uint32_t>(random >> 32U) % parameters_.lanes;
      const std::uint32_t reference = pass == 0 && slice == 0 ? lane : other;
      const std::uint32_t at =
          referenced(pass, slice, index, static_cast<std::uint32_t>(random), reference == lane);
      compress(previous, block(reference, at), block(lane, column), pass > 0);
    }
  }

  static void nextAddresses(Block& input, Block& addresses) {
    constexpr std::size_t kCounter = 6;
    const Block zero{};
    ++input[kCounter];
    compress(zero, input, addresses, false);
    compress(zero, addresses, addresses, false);
  }

  /// The column of the block that is referred to (RFC 9106 §3.4.2).
  [[nodiscard]] std::uint32_t referenced(std::uint32_t pass, std::uint32_t slice,
                                         std::uint32_t index, std::uint32_t random,
                                         bool isSameLane) const {
    const std::uint32_t done = pass == 0 ? slice * segment_ : lane_ - segment_;
    const std::uint32_t area = isSameLane ? done + index - 1 : done - (index == 0 ? 1 : 0);
    const std::uint64_t x = static_cast<std::uint64_t>(random) * random >> 32U;
    const auto y = static_cast<std::uint32_t>(area * x >> 32U);
    const std::uint32_t start = pass == 0 || slice == kSlices - 1 ? 0 : (slice + 1) * segment_;
    return (start + area - 1 - y) % lane_;
  }

  [[nodiscard]] Block& block(std::uint32_t lane, std::uint32_t column) const {
    return blocks_[std::size_t{lane} * lane_ + column];
  }

  const Argon2& parameters_;
  std::span<Block> blocks_;
  std::uint32_t lane_;     ///< the columns of a lane
  std::uint32_t segment_;  ///< those of a slice of it
};

MutableBytes bytesOf(Block& block) {
  return {reinterpret_cast<std::uint8_t*>(block.data()), sizeof block};
}

Bytes bytesOf(const std::uint32_t& number) {
  return {reinterpret_cast<const std::uint8_t*>(&number), sizeof number};
}

/// H_0 of RFC 9106 §3.2.
std::array<std::uint8_t, Blake2b::kMaxSize> seedOf(const Argon2& parameters, std::size_t tagSize) {
  Blake2b hash(Blake2b::kMaxSize);
  for (const std::size_t number :
       {std::size_t{parameters.lanes}, tagSize, std::size_t{parameters.memory},
        std::size_t{parameters.passes}, std::size_t{kVersion},
        static_cast<std::size_t>(parameters.kind)}) {
    hash.update(static_cast<std::uint32_t>(number));
  }
  for (const Bytes part :
       {parameters.password, parameters.salt, parameters.secret, parameters.data}) {
    hash.update(static_cast<std::uint32_t>(part.size())).update(part);
  }
  std::array<std::uint8_t, Blake2b::kMaxSize> seed;
  hash.finish(seed);
  return seed;
}

}  // namespace

bool argon2(const Argon2& parameters, MutableBytes tag) {
  constexpr std::uint32_t kLeast = 2 * kSlices;  // KiB for a lane.
  const std::uint64_t work = std::uint64_t{parameters.memory} * parameters.passes;
  if (parameters.lanes == 0 || parameters.passes == 0 || work > kMaxArgon2Work ||
      parameters.memory > kMaxArgon2Memory || parameters.memory / kLeast < parameters.lanes) {
    return false;
  }
  const std::size_t unit = std::size_t{kSlices} * parameters.lanes;
  const std::size_t count = parameters.memory / unit * unit;
  const std::unique_ptr<Block[]> memory(new (std::nothrow) Block[count]);
  if (memory == nullptr) return false;
  const std::span<Block> blocks(memory.get(), count);

  auto seed = seedOf(parameters, tag.size());
  const std::size_t lane = count / parameters.lanes;
  for (std::uint32_t i = 0; i < parameters.lanes; ++i) {
    for (std::uint32_t column = 0; column < 2; ++column) {
      hashLong({seed, bytesOf(column), bytesOf(i)}, bytesOf(blocks[i * lane + column]));
    }
  }
  Filler(parameters, blocks).fill();

  Block last{};
  for (std::uint32_t i = 1; i <= parameters.lanes; ++i) {
    for (std::size_t word = 0; word < kWords; ++word) last[word] ^= blocks[i * lane - 1][word];
  }
  hashLong({bytesOf(last)}, tag);
  OPENSSL_cleanse(seed.data(), seed.size());
  OPENSSL_cleanse(last.data(), sizeof last);
  OPENSSL_cleanse(memory.get(), count * sizeof(Block));
  return true;
}

}  // namespace wss::tls
