// SPDX-License-Identifier: MIT
// BLAKE2b (RFC 7693) without a key, of any length: the one of OpenSSL 3.0 always gives 64 bytes.
// Internal to tls/.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace wss::tls {

class Blake2b {
 public:
  static constexpr std::size_t kMaxSize = 64;

  /// `size` is that of the digest, from 1 to kMaxSize bytes.
  explicit Blake2b(std::size_t size);
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  ~Blake2b();

  Blake2b& update(Bytes bytes);
  /// Little-endian.
  Blake2b& update(std::uint32_t number);
  /// Fills `digest`, whose size is the one above. Once.
  void finish(MutableBytes digest);

 private:
  static constexpr std::size_t kBlock = 128;

  void compress(bool isLast);

  std::array<std::uint64_t, 8> state_;
  std::array<std::uint8_t, kBlock> block_{};
  std::size_t filled_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace wss::tls
