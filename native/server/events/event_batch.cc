// SPDX-License-Identifier: MIT
#include "server/events/event_batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/events/fields.h"

namespace wss::server {

void EventBatch::addText(const EventRecord& record, std::string_view text) {
  std::uint8_t* const place = reserve(text.size());
  if (!text.empty()) std::memcpy(place, text.data(), text.size());
  add(record, text.size());
}

void EventBatch::addList(const EventRecord& record, std::span<const std::string_view> texts) {
  std::size_t size = 0;
  for (const std::string_view text : texts) size += kFieldHead + text.size();
  std::uint8_t* place = reserve(size);
  for (const std::string_view text : texts) place = putField(place, text);
  add(record, size);
}

void EventBatch::addBytes(EventRecord record, ByteQueue&& bytes) {
  const std::size_t size = bytes.size();
  // Adopting keeps the queue's whole capacity alive for as long as the reader keeps the payload.
  if (!isWorthAdopting(size) || size < bytes.capacity() / 2) {
    addText(record, textOf(bytes.bytes()));
    bytes.clear();
    return;
  }
  chunks_.adopt(std::move(bytes));
  record.chunk = ~adoptedCount_;
  record.length = static_cast<std::int32_t>(size);
  records_.push_back(record);
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
