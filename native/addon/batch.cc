// SPDX-License-Identifier: MIT
// With Node-API's own functions rather than node-addon-api: all of them fail while a worker is
// being ended, and that must not throw.
#include "addon/batch.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>

namespace wss::addon {
namespace {

constexpr std::size_t kFirstRecordsSize = 1024 * sizeof(server::EventRecord);
/// Bytes of chunks that are kept for transient payloads: twice what a turn usually brings at most.
constexpr std::size_t kMostKept = std::size_t{8} * 1024 * 1024;

/// From so many adopted bytes on it is worth it to collect what was there before.
constexpr std::size_t kWorthRoom = std::size_t{1} * 1024 * 1024;

void freeChunk(napi_env, void* memory, void*) { std::free(memory); }

void freeAdopted(napi_env, void* memory, void*) {
  ByteQueue::freeReleased(static_cast<std::uint8_t*>(memory));
}

/// Lets V8 collect the young Buffers if their memory has come to much. It looks at that only when
/// it allocates memory for an ArrayBuffer itself; else all waits for a full collection, which costs
/// more, and finds twice as much. `size`: what V8 is to make room for now.
void remindOfMemory(napi_env env, std::size_t size) {
  void* data = nullptr;
  napi_value occasion = nullptr;
  napi_create_arraybuffer(env, size, &data, &occasion);
}

}  // namespace

Batch::~Batch() {
  drop(0, chunks_.size());
  if (records_ != nullptr) napi_delete_reference(env_, records_);
  if (chunksArray_ != nullptr) napi_delete_reference(env_, chunksArray_);
}

std::uint8_t* Batch::allocate(std::size_t size) {
  if (chunksUsed_ < chunks_.size() && chunks_[chunksUsed_].size >= size) {
    return chunks_[chunksUsed_++].memory;
  }
  drop(chunksUsed_, chunks_.size());  // Spare ones that are too small.
  auto* const memory = static_cast<std::uint8_t*>(std::malloc(size));
  if (memory == nullptr) std::abort();
  chunks_.push_back({memory, size});
  ++chunksUsed_;
  chunksArrayIsValid_ = false;
  return memory;
}

void Batch::drop(std::size_t first, std::size_t end) {
  if (first >= end) return;
  const auto from = chunks_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto to = chunks_.begin() + static_cast<std::ptrdiff_t>(end);
  for (const Chunk& chunk : std::span(from, to)) {
    if (chunk.buffer != nullptr) {
      napi_delete_reference(env_, chunk.buffer);
    } else {
      std::free(chunk.memory);
    }
  }
  chunks_.erase(from, to);
  chunksUsed_ = std::min(chunksUsed_, chunks_.size());
  chunksArrayIsValid_ = false;
}

bool Batch::handOver(Arguments& arguments) {
  using Keep = server::EventBatch::Keep;
  const bool filled = fill(arguments);
  adopted_.clear();
  const bool keepsAll = filled && transient_ && withinBound() == chunks_.size();
  const bool keepsLast = filled && !chunks_.empty() && events_.chunkHasRoom();
  if (!keepsAll) drop(0, chunks_.size() - (keepsLast ? 1 : 0));
  events_.clear(keepsAll ? Keep::kAll : keepsLast ? Keep::kLast : Keep::kNone);
  return filled;
}

void Batch::takeBack() {
  if (!transient_ || !events_.empty()) return;
  events_.clear(server::EventBatch::Keep::kNone);
  chunksUsed_ = 0;
  drop(withinBound(), chunks_.size());
}

std::size_t Batch::withinBound() const {
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < chunks_.size(); ++count) {
    bytes += chunks_[count].size;
    if (bytes > kMostKept) break;
  }
  return count;
}

bool Batch::fill(Arguments& arguments) {
  const auto count = static_cast<std::uint32_t>(events_.records().size());
  return fillRecords(arguments[0]) && napi_create_uint32(env_, count, &arguments[1]) == napi_ok &&
         fillChunks(arguments[2]) && fillAdopted(arguments[3]);
}

bool Batch::fillRecords(napi_value& array) {
  const auto records = events_.records();
  const auto filled = events_.filled();
  const std::size_t size = records.size_bytes() + chunks_.size() * sizeof(std::int32_t);
  if (recordsSize_ < size) {
    recordsSize_ = std::max(kFirstRecordsSize, size * 2);
    napi_value buffer = nullptr;
    const bool made =
        napi_create_arraybuffer(env_, recordsSize_, nullptr, &buffer) == napi_ok &&
        napi_create_typedarray(env_, napi_int32_array, recordsSize_ / sizeof(std::int32_t), buffer,
                               0, &array) == napi_ok;
    if (!made) return false;
    remember(records_, array);
  }
  void* memory = nullptr;
  const bool found =
      napi_get_reference_value(env_, records_, &array) == napi_ok &&
      napi_get_typedarray_info(env_, array, nullptr, nullptr, &memory, nullptr, nullptr) == napi_ok;
  if (!found) return false;
  std::memcpy(memory, records.data(), records.size_bytes());
  auto* const ends =
      static_cast<std::int32_t*>(memory) + records.size_bytes() / sizeof(std::int32_t);
  std::fill(std::copy(filled.begin(), filled.end(), ends), ends + chunks_.size(), 0);
  return true;
}

bool Batch::fillChunks(napi_value& array) {
  if (chunksArrayIsValid_) return napi_get_reference_value(env_, chunksArray_, &array) == napi_ok;
  if (napi_create_array_with_length(env_, chunks_.size(), &array) != napi_ok) return false;
  std::uint32_t index = 0;
  for (Chunk& chunk : chunks_) {
    napi_value buffer = nullptr;
    if (chunk.buffer != nullptr) {
      napi_get_reference_value(env_, chunk.buffer, &buffer);
    } else {
      const napi_status status =
          napi_create_external_buffer(env_, chunk.size, chunk.memory, freeChunk, nullptr, &buffer);
      if (status != napi_ok) return false;
      remember(chunk.buffer, buffer);
    }
    if (napi_set_element(env_, array, index++, buffer) != napi_ok) return false;
  }
  remember(chunksArray_, array);
  chunksArrayIsValid_ = true;
  return true;
}

bool Batch::fillAdopted(napi_value& array) {
  if (adopted_.empty()) return napi_get_undefined(env_, &array) == napi_ok;
  if (napi_create_array_with_length(env_, adopted_.size(), &array) != napi_ok) return false;
  std::size_t total = 0;
  for (const ByteQueue& bytes : adopted_) total += bytes.size();
  // A text of that size will be as large again, once it is decoded.
  remindOfMemory(env_, total < kWorthRoom ? 1 : 2 * total);
  std::uint32_t index = 0;
  for (ByteQueue& bytes : adopted_) {
    const std::size_t size = bytes.size();
    std::uint8_t* const memory = bytes.release();
    napi_value buffer = nullptr;
    const napi_status status =
        napi_create_external_buffer(env_, size, memory, freeAdopted, nullptr, &buffer);
    if (status != napi_ok) {
      ByteQueue::freeReleased(memory);
      return false;
    }
    if (napi_set_element(env_, array, index++, buffer) != napi_ok) return false;
  }
  return true;
}

void Batch::remember(napi_ref& reference, napi_value value) {
  if (reference != nullptr) napi_delete_reference(env_, reference);
  reference = nullptr;
  napi_create_reference(env_, value, 1, &reference);
}

}  // namespace wss::addon
