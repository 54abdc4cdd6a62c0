// SPDX-License-Identifier: MIT
#include "ws/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>
#include <utility>

namespace wss::ws {
namespace {

/// What ends a flushed DEFLATE stream and is not sent (RFC 7692 §7.2.1).
constexpr std::uint8_t kTail[] = {0x00, 0x00, 0xFF, 0xFF};

/// The most that room is made for at once.
constexpr std::size_t kMaxRoom = 64 * 1024;

void setInput(z_stream& zlib, Bytes input) {
  assert(input.size() <= UINT_MAX);
  zlib.next_in = const_cast<Bytef*>(input.data());  // only read
  zlib.avail_in = static_cast<uInt>(input.size());
}

/// Calls deflate() or inflate() with `room` bytes to write to behind `out`.
int run(int (*step)(z_stream*, int), z_stream& zlib, ByteQueue& out, std::size_t room) {
  zlib.next_out = out.extend(room);
  zlib.avail_out = static_cast<uInt>(room);
  const int code = step(&zlib, Z_SYNC_FLUSH);
  out.shrink(zlib.avail_out);
  return code;
}

/// Inflates all that zlib has been given, or until there are `enough` bytes in `out`. Says nothing
/// while the stream goes on, and kDone if it ends with the input.
std::optional<InflateStatus> feed(z_stream& zlib, ByteQueue& out, std::size_t maxSize,
                                  std::size_t enough) {
  for (std::size_t room = 4 * std::size_t{zlib.avail_in} + 16;; room *= 2) {
    // One byte more than is allowed tells too many from just enough.
    room = std::min({room, kMaxRoom, maxSize - out.size() + 1});
    const int code = run(inflate, zlib, out, room);
    if (out.size() > maxSize) return InflateStatus::kTooBig;
    if (code == Z_MEM_ERROR) return InflateStatus::kNoMemory;
    if (code == Z_STREAM_END) {
      // More blocks may follow a final one, and refer to what was before it (RFC 7692 §7.2.3.4).
      inflateResetKeep(&zlib);
      if (zlib.avail_in == 0) return InflateStatus::kDone;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return InflateStatus::kCorrupt;
    } else if (zlib.avail_out > 0) {
      return std::nullopt;
    }
    if (out.size() >= enough) return InflateStatus::kMore;
  }
}

/// Inflates the end that was not sent. It completes the empty block whose start the payload ends
/// with, so nothing may come out of it.
InflateStatus feedTail(z_stream& zlib, ByteQueue& out) {
  setInput(zlib, kTail);
  const std::optional<InflateStatus> status = feed(zlib, out, out.size(), SIZE_MAX);
  constexpr int kBetweenBlocks = 128;
  const bool complete =
      status ? *status == InflateStatus::kDone : (zlib.data_type & kBetweenBlocks) != 0;
  return complete ? InflateStatus::kDone : InflateStatus::kCorrupt;
}

}  // namespace

struct Deflater::Stream {
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { deflateEnd(&zlib); }

  z_stream zlib = {};
};

Deflater::Deflater(const DeflateSettings& settings) : settings_(settings) {}
Deflater::~Deflater() = default;

Result<void> Deflater::compress(Bytes message, ByteQueue& out) {
  if (message.empty()) {
    // zlib flushes nothing when there is nothing new: the block by hand (RFC 7692 §7.2.3.6).
    *out.extend(1) = 0x00;
    return {};
  }
  if (stream_ == nullptr) {
    auto stream = std::make_unique<Stream>();
    if (deflateInit2(&stream->zlib, settings_.level, Z_DEFLATED, -settings_.windowBits,
                     settings_.memLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      return systemError(ENOMEM, "deflateInit2");
    }
    stream_ = std::move(stream);
  }

  z_stream& zlib = stream_->zlib;
  setInput(zlib, message);
  const std::size_t bound = deflateBound(&zlib, static_cast<uLong>(message.size()));
  do {
    [[maybe_unused]] const int code =
        run(deflate, zlib, out, std::min(bound + sizeof kTail, kMaxRoom));
    assert(code == Z_OK);
  } while (zlib.avail_out == 0);
  out.shrink(sizeof kTail);
  if (!settings_.contextTakeover) deflateReset(&zlib);
  return {};
}

struct Inflater::Stream {
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { inflateEnd(&zlib); }

  z_stream zlib = {};
};

Inflater::Inflater(int windowBits, bool contextTakeover)
    : windowBits_(windowBits), contextTakeover_(contextTakeover) {}
Inflater::~Inflater() = default;

InflateStatus Inflater::inflatePortion(Bytes& payload, ByteQueue& out, std::size_t limit,
                                       std::size_t portion) {
  if (stream_ == nullptr) {
    auto stream = std::make_unique<Stream>();
    if (inflateInit2(&stream->zlib, -windowBits_) != Z_OK) return InflateStatus::kNoMemory;
    stream_ = std::move(stream);
  }

  z_stream& zlib = stream_->zlib;
  const std::size_t before = out.size();
  const Bytes input =
      payload.first(std::min(payload.size(), std::max<std::size_t>(portion / 4, 1)));
  const Bytes rest = payload.subspan(input.size());
  setInput(zlib, input);
  std::optional<InflateStatus> status =
      feed(zlib, out, before + limit, before + std::min(portion, SIZE_MAX - before));
  payload = payload.last(zlib.avail_in + rest.size());
  const bool goesOn = !status || status == InflateStatus::kDone;
  if (goesOn && !rest.empty()) status = InflateStatus::kMore;
  if (status == InflateStatus::kMore) return *status;
  if (!status) status = feedTail(zlib, out);
  if (status != InflateStatus::kDone) out.shrink(out.size() - before);
  if (status != InflateStatus::kDone || !contextTakeover_) inflateReset(&zlib);
  return *status;
}

}  // namespace wss::ws
