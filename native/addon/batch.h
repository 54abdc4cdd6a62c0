// SPDX-License-Identifier: MIT
// The memory of event payloads, seen from both sides: bytes for the core, Buffers for JavaScript.
// A chunk is given to JavaScript again with every batch until it is full, and never written twice,
// unless payloads are transient: then it stays, and is taken back when a batch has been handled.
#pragma once

#include <node_api.h>

#include <array>
#include <vector>

#include "server/event_batch.h"

namespace wss::addon {

class Batch final : public server::ChunkSource {
 public:
  Batch(napi_env env, server::Payloads payloads)
      : env_(env), transient_(payloads == server::Payloads::kTransient), events_(*this, payloads) {}
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  [[nodiscard]] server::EventBatch& events() { return events_; }

  /// What JavaScript is called with: records (Int32Array, eight integers an event, then for each
  /// chunk how much of it has been written), how many events, the chunks, and the adopted memories
  /// (arrays of Buffers).
  using Arguments = std::array<napi_value, 4>;
  /// Fills `arguments` and starts a new batch. The record array is reused by the next call. False
  /// when JavaScript cannot be called any more, because its worker is being ended; what there was
  /// is then dropped.
  [[nodiscard]] bool handOver(Arguments& arguments);
  /// Every batch that was handed over has been handled: what is transient may be written anew.
  void takeBack();

  std::uint8_t* allocate(std::size_t size) override;
  void adopt(ByteQueue&& bytes) override { adopted_.push_back(std::move(bytes)); }

 private:
  struct Chunk {
    std::uint8_t* memory;  ///< ours until there is a buffer, then JavaScript's
    std::size_t size;
    napi_ref buffer = nullptr;
  };

  [[nodiscard]] bool fill(Arguments& arguments);
  [[nodiscard]] bool fillRecords(napi_value& array);
  [[nodiscard]] bool fillChunks(napi_value& array);
  [[nodiscard]] bool fillAdopted(napi_value& array);
  /// Forgets the chunks from index `first` up to `end`; JavaScript may go on having them.
  void drop(std::size_t first, std::size_t end);
  /// How many of the first chunks may be kept.
  [[nodiscard]] std::size_t withinBound() const;
  void remember(napi_ref& reference, napi_value value);

  napi_env env_;
  bool transient_;
  std::vector<Chunk> chunks_;
  std::size_t chunksUsed_ = 0;  ///< the first of chunks_, which have payloads; the rest is spare
  std::vector<ByteQueue> adopted_;
  napi_ref records_ = nullptr;
  std::size_t recordsSize_ = 0;      ///< in bytes
  napi_ref chunksArray_ = nullptr;   ///< what was handed over the last time
  bool chunksArrayIsValid_ = false;  ///< and is what there is to hand over now
  server::EventBatch events_;
};

}  // namespace wss::addon
