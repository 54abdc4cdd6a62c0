// SPDX-License-Identifier: MIT
// The payloads of permessage-deflate (RFC 7692 §7.2): whole messages ↔ compressed ones. Without
// context takeover one object serves any number of connections of one thread; with it, each
// connection needs its own for each direction. zlib's memory (about 270 KiB to compress, 40 KiB to
// inflate) is taken with the first message. All sizes are below 4 GiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"

namespace wss::ws {

struct DeflateSettings {
  int level = 1;        ///< 0…9: effort
  int windowBits = 15;  ///< 9…15: how far back repetitions are looked for, as a logarithm
  int memLevel = 8;     ///< 1…9: memory for what is not written yet
  bool contextTakeover = false;

  bool operator==(const DeflateSettings&) const = default;
};

class Deflater {
 public:
  /// REQUIRES settings in their ranges.
  explicit Deflater(const DeflateSettings& settings);
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater();

  /// Appends the compressed form of `message`, which may be the longer one. Nothing is appended
  /// when there is no memory for zlib, the only error.
  Result<void> compress(Bytes message, ByteQueue& out);

 private:
  struct Stream;

  DeflateSettings settings_;
  std::unique_ptr<Stream> stream_;
};

enum class InflateStatus {
  kDone,
  kMore,      ///< the portion is full, and the message goes on
  kTooBig,    ///< the message has more bytes than allowed
  kCorrupt,   ///< the payload is not DEFLATE, or not all of it
  kNoMemory,  ///< there is no memory for zlib
};

class Inflater {
 public:
  /// REQUIRES windowBits (8…15) to be those agreed for the peer, or more.
  Inflater(int windowBits, bool contextTakeover);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// Appends the message whose compressed form is `payload`, if it has no more than `limit` bytes.
  /// Memory is taken as the bytes come out, and what is beyond the limit is never inflated. When it
  /// fails nothing is appended, and the context is lost.
  InflateStatus inflate(Bytes payload, ByteQueue& out, std::size_t limit) {
    return inflatePortion(payload, out, limit, SIZE_MAX);
  }

  /// The same in portions, so that others need not wait for all of it: stops with kMore when
  /// `portion` bytes have come out, or up to 64 KiB more, or a quarter as many have gone in. Call
  /// again then, and for nothing else before: `payload` has been moved on to what is left of it,
  /// and `limit` is for what is to come.
  InflateStatus inflatePortion(Bytes& payload, ByteQueue& out, std::size_t limit,
                               std::size_t portion);

 private:
  struct Stream;

  int windowBits_;
  bool contextTakeover_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace wss::ws
