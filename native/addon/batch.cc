// SPDX-License-Identifier: MIT
// With Node-API's own functions rather than node-addon-api: all of them fail while a worker is
// being ended, and that must not throw.
#include "addon/batch.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace wss::addon {
namespace {

/// Integers for records: so many at first, and so many are kept at most.
constexpr std::size_t kFirstRecords = 1024 * sizeof(server::EventRecord) / sizeof(std::int32_t);
constexpr std::size_t kMostRecords = 32 * kFirstRecords;
/// Bytes of chunks that are kept for transient payloads: twice what a turn usually brings at most.
constexpr std::size_t kMostKept = std::size_t{8} * 1024 * 1024;

/// From so many adopted bytes on it is worth it to collect what was there before.
constexpr std::size_t kWorthRoom = std::size_t{1} * 1024 * 1024;

/// Lets V8 collect the young Buffers if their memory has come to much. It looks at that only when
/// it allocates memory itself; else all waits for a full collection, which costs more, and finds
/// twice as much. `size`: what V8 is to make room for now.
void remindOfMemory(napi_env env, std::size_t size) {
  napi_value occasion = nullptr;
  // Not of an ArrayBuffer: those are filled with zeros.
  napi_create_buffer(env, size, nullptr, &occasion);
}

}  // namespace

Batch::~Batch() {
  drop(0, chunks_.size());
  forget(records_);
  forget(chunksArray_);
}

std::uint8_t* Batch::allocate(std::size_t size) {
  if (chunksUsed_ < chunks_.size()) {
    const Chunk& spare = chunks_[chunksUsed_];
    if (spare.memory->size() >= size && !isGone(spare)) {
      ++chunksUsed_;
      return spare.memory->bytes();
    }
    drop(chunksUsed_, chunks_.size());
  }
  chunks_.push_back({memories_->allocate(size)});
  ++chunksUsed_;
  forget(chunksArray_);
  return chunks_.back().memory->bytes();
}

bool Batch::mayGoOn() { return chunksUsed_ > 0 && !isGone(chunks_[chunksUsed_ - 1]); }

bool Batch::isGone(const Chunk& chunk) const {
  if (chunk.buffer == nullptr) return false;
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return true;
  napi_value buffer = nullptr;
  std::size_t length = 0;
  // A view of a buffer that has been detached has no length.
  const bool stays =
      napi_get_reference_value(env_, chunk.buffer, &buffer) == napi_ok && buffer != nullptr &&
      napi_get_typedarray_info(env_, buffer, nullptr, &length, nullptr, nullptr, nullptr) ==
          napi_ok &&
      length == chunk.memory->size();
  napi_close_handle_scope(env_, scope);
  return !stays;
}

void Batch::drop(std::size_t first, std::size_t end) {
  if (first >= end) return;
  const auto from = chunks_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto to = chunks_.begin() + static_cast<std::ptrdiff_t>(end);
  for (Chunk& chunk : std::span(from, to)) {
    forget(chunk.buffer);
    chunk.memory->letGo();
  }
  chunks_.erase(from, to);
  chunksUsed_ = std::min(chunksUsed_, chunks_.size());
  forget(chunksArray_);
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
    bytes += chunks_[count].memory->size();
    if (bytes > kMostKept) break;
  }
  return count;
}

bool Batch::fill(Arguments& arguments) {
  const auto count = static_cast<std::uint32_t>(events_.records().size());
  return fillChunks(arguments[2]) && fillAdopted(arguments[3]) && fillRecords(arguments[0]) &&
         napi_create_uint32(env_, count, &arguments[1]) == napi_ok;
}

bool Batch::fillRecords(napi_value& array) {
  const auto records = events_.records();
  const auto filled = events_.filled();
  const std::size_t ofRecords = records.size_bytes() / sizeof(std::int32_t);
  std::int32_t* at = findRecords(ofRecords + 2 * chunks_.size() + adoptedNumbers_.size(), array);
  if (at == nullptr) return false;
  std::memcpy(at, records.data(), records.size_bytes());
  at += ofRecords;
  for (std::size_t i = 0; i < chunks_.size(); ++i) *at++ = i < filled.size() ? filled[i] : 0;
  for (const Chunk& chunk : chunks_) *at++ = chunk.memory->number();
  std::copy(adoptedNumbers_.begin(), adoptedNumbers_.end(), at);
  return true;
}

std::int32_t* Batch::findRecords(std::size_t size, napi_value& array) {
  std::size_t length = 0;
  void* memory = nullptr;
  const auto look = [&] {
    return napi_get_typedarray_info(env_, array, nullptr, &length, &memory, nullptr, nullptr) ==
               napi_ok &&
           length >= size && memory != nullptr;
  };
  const bool found =
      records_ != nullptr && napi_get_reference_value(env_, records_, &array) == napi_ok && look();
  if (found) return static_cast<std::int32_t*>(memory);
  forget(records_);
  const std::size_t wanted =
      std::max(kFirstRecords, std::max(size, std::min(size * 2, kMostRecords)));
  napi_value buffer = nullptr;
  const bool made =
      napi_create_arraybuffer(env_, wanted * sizeof(std::int32_t), nullptr, &buffer) == napi_ok &&
      napi_create_typedarray(env_, napi_int32_array, wanted, buffer, 0, &array) == napi_ok &&
      look();
  if (!made) return nullptr;
  if (wanted <= kMostRecords) remember(records_, array);
  return static_cast<std::int32_t*>(memory);
}

bool Batch::fillChunks(napi_value& array) {
  if (chunksArray_ != nullptr) {
    return napi_get_reference_value(env_, chunksArray_, &array) == napi_ok;
  }
  for (std::size_t index = 0; index < chunks_.size(); ++index) {
    if (chunks_[index].buffer == nullptr && !makeBuffer(index)) return false;
  }
  if (napi_create_array_with_length(env_, chunks_.size(), &array) != napi_ok) return false;
  for (std::uint32_t index = 0; index < chunks_.size(); ++index) {
    napi_value buffer = nullptr;
    const bool set = napi_get_reference_value(env_, chunks_[index].buffer, &buffer) == napi_ok &&
                     napi_set_element(env_, array, index, buffer) == napi_ok;
    if (!set) return false;
  }
  remember(chunksArray_, array);
  return true;
}

bool Batch::makeBuffer(std::size_t index) {
  Chunk& chunk = chunks_[index];
  const auto filled = events_.filled();
  // The rest is zeroed: it must not show what was in the memory before.
  const auto used = index < filled.size() ? static_cast<std::size_t>(filled[index]) : 0;
  std::memset(chunk.memory->bytes() + used, 0, chunk.memory->size() - used);
  const napi_value buffer = chunk.memory->makeBuffer();
  if (buffer != nullptr) remember(chunk.buffer, buffer);
  return chunk.buffer != nullptr;
}

bool Batch::fillAdopted(napi_value& array) {
  adoptedNumbers_.clear();
  if (adopted_.empty()) return napi_get_undefined(env_, &array) == napi_ok;
  if (napi_create_array_with_length(env_, adopted_.size(), &array) != napi_ok) return false;
  std::size_t total = 0;
  for (const ByteQueue& bytes : adopted_) total += bytes.size();
  // A text takes as much memory again once it has been decoded.
  remindOfMemory(env_, total < kWorthRoom ? 1 : 2 * total);
  std::uint32_t index = 0;
  for (ByteQueue& bytes : std::exchange(adopted_, {})) {
    Memory* const memory = memories_->adopt(std::move(bytes));
    adoptedNumbers_.push_back(memory->number());
    const napi_value buffer = memory->makeBuffer();
    memory->letGo();
    if (buffer == nullptr || napi_set_element(env_, array, index++, buffer) != napi_ok)
      return false;
  }
  return true;
}

void Batch::remember(napi_ref& reference, napi_value value) {
  forget(reference);
  if (napi_create_reference(env_, value, 1, &reference) != napi_ok) reference = nullptr;
}

void Batch::forget(napi_ref& reference) {
  if (reference != nullptr) napi_delete_reference(env_, std::exchange(reference, nullptr));
}

}  // namespace wss::addon
