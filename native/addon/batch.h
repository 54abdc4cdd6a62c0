// SPDX-License-Identifier: MIT
// The memory of event payloads, seen from both sides: Buffers for JavaScript, bytes for the core.
// A chunk is given to JavaScript again with every batch until it is full, and never written twice.
#pragma once

#include <napi.h>

#include <vector>

#include "server/event_batch.h"

namespace wss::addon {

class Batch final : public server::ChunkSource {
 public:
  explicit Batch(Napi::Env env) : env_(env), events_(*this) {}

  [[nodiscard]] server::EventBatch& events() { return events_; }

  /// What JavaScript is called with: records (Int32Array, eight integers an event), how many
  /// events, the chunks and the adopted memories (arrays of Buffers). Starts a new batch.
  /// The record array is reused by the next call.
  std::vector<napi_value> handOver();

  std::uint8_t* allocate(std::size_t size) override;
  void adopt(ByteQueue&& bytes) override;

 private:
  using Chunk = Napi::Reference<Napi::Buffer<std::uint8_t>>;

  Napi::Env env_;
  std::vector<Chunk> chunks_;
  std::vector<Chunk> adopted_;
  Napi::Reference<Napi::Int32Array> records_;
  server::EventBatch events_;
};

}  // namespace wss::addon
