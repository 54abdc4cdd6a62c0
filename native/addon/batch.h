// SPDX-License-Identifier: MIT
// The memory of event payloads, seen from both sides: bytes for the core, Buffers for JavaScript.
// A chunk is given to JavaScript again with every batch until it is full, and never written twice,
// unless payloads are transient: then it stays, and is taken back when a batch has been handled.
// One that JavaScript has given away is written no more.
#pragma once

#include <node_api.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "addon/memory.h"
#include "server/events/event_batch.h"

namespace wss::addon {

class Batch final : public server::ChunkSource {
 public:
  Batch(napi_env env, std::shared_ptr<MemoryTable> memories, server::Payloads payloads)
      : env_(env),
        memories_(std::move(memories)),
        transient_(payloads == server::Payloads::kTransient),
        events_(*this, payloads) {}
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  [[nodiscard]] server::EventBatch& events() { return events_; }

  /// What JavaScript is called with: records (Int32Array, eight integers an event, then for each
  /// chunk how much of it has been written, then the numbers of the chunks and of the adopted
  /// memories in the MemoryTable), how many events, the chunks, and the adopted memories (arrays of
  /// Buffers).
  using Arguments = std::array<napi_value, 4>;
  /// Fills `arguments` and starts a new batch. The record array is reused by the next call. False
  /// when JavaScript cannot be called any more, because its worker is being ended; what there was
  /// is then dropped, and the next batch begins with nothing.
  [[nodiscard]] bool handOver(Arguments& arguments);
  /// Every batch that was handed over has been handled: what is transient may be written anew.
  void takeBack();

  std::uint8_t* allocate(std::size_t size) override;
  bool mayGoOn() override;
  void adopt(ByteQueue&& bytes) override { adopted_.push_back(std::move(bytes)); }

 private:
  struct Chunk {
    Memory* memory;
    napi_ref buffer = nullptr;  ///< none until it has been handed over
  };

  [[nodiscard]] bool fill(Arguments& arguments);
  [[nodiscard]] bool fillChunks(napi_value& array);
  [[nodiscard]] bool fillAdopted(napi_value& array);
  [[nodiscard]] bool fillRecords(napi_value& array);
  /// Where `size` integers of records are written to; null if there is no such place.
  [[nodiscard]] std::int32_t* findRecords(std::size_t size, napi_value& array);
  [[nodiscard]] bool makeBuffer(std::size_t index);
  /// Whether JavaScript has given its buffer away.
  [[nodiscard]] bool isGone(const Chunk& chunk) const;
  /// Forgets the chunks from index `first` up to `end`; JavaScript may go on having them.
  void drop(std::size_t first, std::size_t end);
  /// How many of the first chunks may be kept.
  [[nodiscard]] std::size_t withinBound() const;
  /// Has `reference` hold `value`, or nothing if that fails.
  void remember(napi_ref& reference, napi_value value);
  void forget(napi_ref& reference);

  napi_env env_;
  std::shared_ptr<MemoryTable> memories_;
  bool transient_;
  std::vector<Chunk> chunks_;
  std::size_t chunksUsed_ = 0;  ///< the first of chunks_, which have payloads; the rest is spare
  std::vector<ByteQueue> adopted_;
  std::vector<std::int32_t> adoptedNumbers_;
  napi_ref records_ = nullptr;      ///< none, or an Int32Array
  napi_ref chunksArray_ = nullptr;  ///< none, or what there is to hand over now
  server::EventBatch events_;
};

}  // namespace wss::addon
