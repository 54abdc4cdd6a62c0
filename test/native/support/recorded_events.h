// SPDX-License-Identifier: MIT
// A batch of events and the memory of their payloads, for tests of what adds to one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/events/event_batch.h"

namespace wss::test {

class RecordedEvents final : private server::ChunkSource {
 public:
  RecordedEvents() { batch.setWanted(~0U); }

  server::EventBatch batch{*this};

  struct Event {
    server::EventKind kind;
    std::int32_t id;
    std::int32_t flags;
    std::int32_t value;
    std::int32_t token;
    std::string payload;
  };
  /// What has been added since the last call.
  std::vector<Event> take() {
    std::vector<Event> events;
    for (const server::EventRecord& record : batch.records()) {
      events.push_back({record.kind, record.connectionId, record.flags, record.value, record.token,
                        std::string(payloadOf(record))});
    }
    batch.clear(server::EventBatch::Keep::kNone);
    chunks_.clear();
    adopted_.clear();
    return events;
  }

 private:
  std::uint8_t* allocate(std::size_t size) override {
    chunks_.push_back(std::make_unique<std::uint8_t[]>(size));
    return chunks_.back().get();
  }
  void adopt(ByteQueue&& bytes) override { adopted_.push_back(std::move(bytes)); }

  std::string_view payloadOf(const server::EventRecord& record) const {
    if (record.length == 0) return {};
    const auto length = static_cast<std::size_t>(record.length);
    if (record.chunk < 0) {
      return textOf(adopted_.at(static_cast<std::size_t>(~record.chunk)).bytes().first(length));
    }
    const auto& chunk = chunks_.at(static_cast<std::size_t>(record.chunk));
    return textOf({chunk.get() + record.offset, length});
  }

  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::vector<ByteQueue> adopted_;
};

}  // namespace wss::test
