// SPDX-License-Identifier: MIT
#include "server/event_batch.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "server/fields.h"

namespace wss::server {
namespace {

constexpr auto kNames = std::to_array<std::string_view>(
    {"ConnectionRequest", "WebSocketOpenRequest", "SSLConnectionRequest", "SSLClientAuthentication",
     "SSLStatus", "Connected", "ReadyToSend", "DataIn", "Ping", "Disconnected", "Error", "Log"});
static_assert(kNames.size() == static_cast<std::size_t>(EventKind::kForgotten));

}  // namespace

std::span<const std::string_view> eventNames() { return kNames; }

void EventBatch::addText(EventKind kind, std::int32_t id, std::int32_t flags, std::int32_t value,
                         std::string_view text) {
  std::uint8_t* const place = reserve(text.size());
  if (!text.empty()) std::memcpy(place, text.data(), text.size());
  add(kind, id, flags, value, text.size());
}

void EventBatch::addFields(EventKind kind, std::int32_t id, std::int32_t flags,
                           std::initializer_list<std::string_view> fields) {
  std::size_t size = 0;
  for (const std::string_view field : fields) size += kFieldHead + field.size();
  std::uint8_t* place = reserve(size);
  for (const std::string_view field : fields) place = putField(place, field);
  add(kind, id, flags, 0, size);
}

void EventBatch::addBytes(EventKind kind, std::int32_t id, std::int32_t flags, std::int32_t value,
                          ByteQueue&& bytes) {
  const std::size_t size = bytes.size();
  // Adopting keeps the queue's whole capacity alive for as long as the reader keeps the payload.
  if (!isWorthAdopting(size) || size < bytes.capacity() / 2) {
    addText(kind, id, flags, value, textOf(bytes.bytes()));
    bytes.clear();
    return;
  }
  chunks_.adopt(std::move(bytes));
  records_.push_back(
      {kind, id, flags, value, ~adoptedCount_, 0, static_cast<std::int32_t>(size), 0});
  ++adoptedCount_;
  payload_ += size;
}

void EventBatch::newChunk(std::size_t size) {
  std::uint8_t* const left = std::exchange(left_, nullptr);
  if (left != nullptr && chunkSize_ - chunkUsed_ >= size && chunks_.mayGoOn()) {
    chunk_ = left;
    return;
  }
  payload_ += chunkUsed_;
  const std::size_t usual = size <= kSmall ? kSmallChunkSize : kChunkSize;
  chunkSize_ = aligned(std::max(size, transient_ ? kTransientChunkSize : usual));
  chunk_ = chunks_.allocate(chunkSize_);
  chunkUsed_ = 0;
  filled_.push_back(0);
}

void EventBatch::clear(Keep keep) {
  if (records_.capacity() > 2 * kMaxRecords) records_ = std::vector<EventRecord>();
  records_.clear();
  payload_ = 0;
  adoptedCount_ = 0;
  if (keep == Keep::kAll) return;
  filled_.erase(filled_.begin(), filled_.end() - (keep == Keep::kLast ? 1 : 0));
  if (keep == Keep::kLast) return;
  chunk_ = left_ = nullptr;
  chunkSize_ = chunkUsed_ = 0;
}

}  // namespace wss::server
