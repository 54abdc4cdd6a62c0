// SPDX-License-Identifier: MIT
// What has happened, on its way out of the core: one record an event, one memory for all payloads,
// handed over once per loop turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "server/events/records.h"

namespace wss::server {

/// Whether the reader may keep views of payloads for as long as it likes: their memory is then
/// written once and never again. If not, it is written anew when a batch has been handled.
enum class Payloads : std::uint8_t { kKept, kTransient };

/// Gives out the memory of payloads.
class ChunkSource {
 public:
  /// Adds a chunk of `size` uninitialised bytes.
  virtual std::uint8_t* allocate(std::size_t size) = 0;
  /// Whether what was allocated last may still be written.
  virtual bool mayGoOn() { return true; }
  /// Takes over the memory of `bytes`, from which nothing has been consumed.
  virtual void adopt(ByteQueue&& bytes) = 0;

 protected:
  ~ChunkSource() = default;
};

class EventBatch {
 public:
  explicit EventBatch(ChunkSource& chunks, Payloads payloads = Payloads::kKept)
      : chunks_(chunks), transient_(payloads == Payloads::kTransient) {}

  static constexpr std::size_t kWorthAdopting = std::size_t{16} * 1024;
  /// Whether a payload of that size is better collected in memory of its own and given to
  /// addBytes(). Transient payloads never are: their memory is warm from those before.
  [[nodiscard]] bool isWorthAdopting(std::size_t size) const {
    return size >= kWorthAdopting && !transient_;
  }

  /// Whether anybody listens to `kind`. Nobody adds what nobody wants, but for kDisconnected, which
  /// also tells that the connection's id means nothing any more.
  [[nodiscard]] bool wants(EventKind kind) const {
    return (wanted_ >> static_cast<unsigned>(kind) & 1U) != 0;
  }
  /// Bit n stands for the EventKind of value n.
  void setWanted(std::uint32_t bits) { wanted_ = bits; }

  /// Control comes back from who reads: before anything is written, the source is asked whether the
  /// chunk is still there.
  void askAgain() {
    if (chunk_ != nullptr) left_ = std::exchange(chunk_, nullptr);
  }

  /// `size` bytes for the payload of the event that is added next, all of which must be written.
  std::uint8_t* reserve(std::size_t size) {
    if (chunk_ == nullptr || chunkSize_ - chunkUsed_ < size) newChunk(size);
    // What is behind it, up to the next payload, must not show what the memory was before.
    if (size > 0) std::memset(chunk_ + aligned(chunkUsed_ + size) - kAlignment, 0, kAlignment);
    return chunk_ + chunkUsed_;
  }
  /// Adds an event whose payload of `length` bytes has been written to what reserve() returned.
  void add(EventRecord record, std::size_t length) {
    record.chunk = static_cast<std::int32_t>(filled_.size()) - 1;
    record.offset = static_cast<std::int32_t>(chunkUsed_);
    record.length = static_cast<std::int32_t>(length);
    records_.push_back(record);
    filled_.back() = static_cast<std::int32_t>(chunkUsed_ + length);
    chunkUsed_ = aligned(chunkUsed_ + length);
  }
  /// Adds an event without payload.
  void add(const EventRecord& record) { records_.push_back(record); }
  /// Adds an event with a copy of `text`, which is UTF-8.
  void addText(const EventRecord& record, std::string_view text);
  /// Adds an event with copies of `fields`: a peer may put anything into them.
  template <typename Fields>
  void addFields(const EventRecord& record, const Fields& fields) {
    addList(record, textsOf(fields));
  }
  /// Adds an event whose payload is all of `bytes`, without a copy if it is worth it.
  void addBytes(EventRecord record, ByteQueue&& bytes);

  [[nodiscard]] bool empty() const { return records_.empty(); }
  [[nodiscard]] std::span<const EventRecord> records() const { return records_; }
  /// How much of each chunk has been written.
  [[nodiscard]] std::span<const std::int32_t> filled() const { return filled_; }
  /// Whether a turn has brought so much that the rest should wait for the next one.
  [[nodiscard]] bool full() const {
    return records_.size() >= kMaxRecords || payload_ + chunkUsed_ >= kMaxPayload;
  }
  /// What becomes of the chunks when the records have been handed over: the source forgets them,
  /// or all but the last one, which goes on being filled, or none.
  enum class Keep : std::uint8_t { kNone, kLast, kAll };
  /// Forgets the records; they have been handed over.
  void clear(Keep keep);
  /// Whether the last chunk still has room worth keeping.
  [[nodiscard]] bool chunkHasRoom() const { return chunkSize_ - chunkUsed_ >= kWorthKeeping; }

 private:
  // Whoever keeps a payload keeps its chunk: as much as Node's pool of Buffers, if all are small.
  static constexpr std::size_t kSmall = 256;
  static constexpr std::size_t kSmallChunkSize = std::size_t{8} * 1024;
  static constexpr std::size_t kChunkSize = std::size_t{64} * 1024;
  static constexpr std::size_t kTransientChunkSize = std::size_t{1024} * 1024;
  static constexpr std::size_t kWorthKeeping = std::size_t{1} * 1024;
  static constexpr std::size_t kMaxRecords = std::size_t{16} * 1024;
  static constexpr std::size_t kMaxPayload = std::size_t{4} * 1024 * 1024;

  /// A payload begins where numbers of any type may lie.
  static constexpr std::size_t kAlignment = 8;
  static constexpr std::size_t aligned(std::size_t offset) {
    return (offset + kAlignment - 1) & ~(kAlignment - 1);
  }

  /// `texts` in the form of server/events/fields.h.
  void addList(const EventRecord& record, std::span<const std::string_view> texts);
  void newChunk(std::size_t size);

  ChunkSource& chunks_;
  bool transient_;
  std::uint32_t wanted_ = 0;
  std::vector<EventRecord> records_;
  std::vector<std::int32_t> filled_;  ///< of each chunk of this batch, without what aligns
  std::int32_t adoptedCount_ = 0;
  std::uint8_t* chunk_ = nullptr;
  std::uint8_t* left_ = nullptr;  ///< the chunk, while it is not known whether it is still there
  std::size_t chunkSize_ = 0;
  std::size_t chunkUsed_ = 0;
  std::size_t payload_ = 0;  ///< bytes of this batch that are not in the current chunk
};

}  // namespace wss::server
