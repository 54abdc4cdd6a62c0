// SPDX-License-Identifier: MIT
#include "server/events/event_batch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/events/fields.h"

namespace wss::server {
namespace {

class Chunks final : public ChunkSource {
 public:
  std::uint8_t* allocate(std::size_t size) override {
    chunks.push_back(std::make_unique<std::uint8_t[]>(size));
    std::fill_n(chunks.back().get(), size, std::uint8_t{0xAA});
    sizes.push_back(size);
    return chunks.back().get();
  }
  bool mayGoOn() override {
    ++asked;
    return stays;
  }
  void adopt(ByteQueue&& bytes) override { adopted.push_back(std::move(bytes)); }

  std::string payloadOf(const EventRecord& record) const {
    const auto offset = static_cast<std::size_t>(record.offset);
    const auto length = static_cast<std::size_t>(record.length);
    if (record.chunk < 0) {
      const ByteQueue& bytes = adopted.at(static_cast<std::size_t>(~record.chunk));
      return std::string(textOf(bytes.bytes().subspan(offset, length)));
    }
    const auto chunk = static_cast<std::size_t>(record.chunk);
    REQUIRE(offset + length <= sizes.at(chunk));
    return std::string(textOf({chunks.at(chunk).get() + offset, length}));
  }

  std::vector<std::unique_ptr<std::uint8_t[]>> chunks;
  std::vector<std::size_t> sizes;
  std::vector<ByteQueue> adopted;
  bool stays = true;  ///< whether nobody has given the last chunk away
  int asked = 0;
};

TEST_CASE("fields hold anything, and are told apart by their lengths") {
  Chunks chunks;
  EventBatch events(chunks);
  const std::string all("a\0\4\0\0\0", 6);
  const std::string large(300, 'l');
  events.addFields(
      EventRecord::certificateRequest(5),
      CertificateRequestFields{
          .serverName = all, .supportedCipherSuites = {}, .supportedSignatureAlgs = large});
  REQUIRE(events.records().size() == 1);
  const std::string payload = chunks.payloadOf(events.records()[0]);
  std::string_view list = payload;
  CHECK(takeField(list) == all);
  CHECK(takeField(list).empty());
  CHECK(takeField(list) == large);
  CHECK(list.empty());

  // Whatever has come, nothing beyond it is read.
  for (const std::string_view cut :
       {std::string_view(), std::string_view("\1\0\0", 3), std::string_view("\1\0\0\0", 4)}) {
    list = cut;
    CHECK(takeField(list).empty());
    CHECK(list.empty());
  }
  list = std::string_view("\xFF\xFF\xFF\xFFxy", 6);
  CHECK(takeField(list) == "xy");
  CHECK(list.empty());
}

ByteQueue queueOf(std::string_view text) {
  ByteQueue queue;
  queue.append(text);
  return queue;
}

TEST_CASE("records are kept in order, with their payloads") {
  Chunks chunks;
  EventBatch events(chunks);
  CHECK(events.empty());
  events.add(EventRecord::connected(5));
  events.addText(EventRecord::disconnected(6, 1000), "bye");
  std::uint8_t* const place = events.reserve(2);
  place[0] = 'h';
  place[1] = 'i';
  events.add(EventRecord::dataIn(7, kEndOfMessage | kIsAscii, 1), 2);
  CHECK_FALSE(events.empty());

  const auto records = events.records();
  REQUIRE(records.size() == 3);
  CHECK(records[0].kind == EventKind::kConnected);
  CHECK(records[0].connectionId == 5);
  CHECK(records[0].length == 0);
  CHECK(records[1].value == 1000);
  CHECK(chunks.payloadOf(records[1]) == "bye");
  CHECK(records[2].flags == 3);
  CHECK(chunks.payloadOf(records[2]) == "hi");
  CHECK(chunks.sizes.size() == 1);
}

TEST_CASE("an empty payload lies in a chunk too, even the first") {
  Chunks chunks;
  EventBatch events(chunks);
  events.addText(EventRecord::ping(1), "");
  events.reserve(0);
  events.add(EventRecord::dataIn(1, kEndOfMessage, 1), 0);
  for (const EventRecord& record : events.records()) {
    CHECK(record.chunk == 0);
    CHECK(record.offset == 0);
    CHECK(record.length == 0);
  }
  CHECK(chunks.sizes.size() == 1);
}

TEST_CASE("what was reserved and not used is used by the next") {
  Chunks chunks;
  EventBatch events(chunks);
  std::uint8_t* const first = events.reserve(100);
  CHECK(events.reserve(100) == first);
  events.add(EventRecord::dataIn(1, 0, 1), 100);
  CHECK(events.reserve(1) == first + 104);
}

TEST_CASE("payloads are aligned and never overlap, and a large one has a chunk of its own") {
  Chunks chunks;
  EventBatch events(chunks);
  std::vector<std::string> expected;
  for (std::size_t size = 0; size < 200'000; size = size * 2 + 1) {
    expected.emplace_back(size, static_cast<char>('a' + expected.size()));
    events.addText(EventRecord::dataIn(1, 0, 2), expected.back());
  }
  REQUIRE(events.records().size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(chunks.payloadOf(events.records()[i]) == expected[i]);
    CHECK(events.records()[i].offset % 8 == 0);
  }
  CHECK(chunks.sizes.back() == expected.back().size() + 1);
}

TEST_CASE("it is known how much of each chunk has been written, without what aligns") {
  Chunks chunks;
  EventBatch events(chunks);
  CHECK(events.filled().empty());
  events.addText(EventRecord::dataIn(1, 0, 2), std::string(9, 'a'));
  events.addText(EventRecord::dataIn(1, 0, 2), std::string(50'000, 'b'));
  events.addText(EventRecord::dataIn(1, 0, 2), std::string(3, 'c'));
  const std::vector<std::int32_t> filled(events.filled().begin(), events.filled().end());
  CHECK(filled == std::vector<std::int32_t>{9, 50'003});
  events.clear(EventBatch::Keep::kLast);
  events.addText(EventRecord::dataIn(1, 0, 2), "d");
  REQUIRE(events.filled().size() == 1);
  CHECK(events.filled()[0] == 50'009);
  events.clear(EventBatch::Keep::kNone);
  CHECK(events.filled().empty());
}

TEST_CASE("memory is adopted when that is worth it, else copied") {
  struct Row {
    std::string_view name;
    std::size_t size;
    std::size_t capacity;  ///< asked for at least
    bool adopted;
  };
  constexpr std::size_t kWorth = EventBatch::kWorthAdopting;
  const Row rows[] = {
      {"empty", 0, 0, false},
      {"small", 100, 0, false},
      {"a byte less than worth it", kWorth - 1, 0, false},
      {"just worth it", kWorth, 0, true},
      {"half of the memory is unused", kWorth, 2 * kWorth, true},
      {"more than half is unused", kWorth, 2 * kWorth + 100, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Chunks chunks;
    EventBatch events(chunks);
    const std::string text(row.size, 'x');
    ByteQueue queue;
    if (row.capacity > 0) {
      queue.extend(row.capacity);
      queue.shrink(row.capacity);
    }
    queue.append(text);
    events.addBytes(EventRecord::dataIn(1, kEndOfMessage, 2), std::move(queue));
    REQUIRE(events.records().size() == 1);
    CHECK((events.records()[0].chunk < 0) == row.adopted);
    CHECK(chunks.adopted.size() == (row.adopted ? 1 : 0));
    CHECK(chunks.payloadOf(events.records()[0]) == text);
    CHECK(queue.capacity() == 0);  // NOLINT(bugprone-use-after-move): it must be empty
  }
}

TEST_CASE("adopted memories are counted from 0 in every batch") {
  Chunks chunks;
  EventBatch events(chunks);
  const std::string large(EventBatch::kWorthAdopting, 'x');
  for (int batch = 0; batch < 2; ++batch) {
    events.addBytes(EventRecord::dataIn(1, 0, 2), queueOf(large + "0"));
    events.addBytes(EventRecord::dataIn(1, 0, 2), queueOf(large + "1"));
    REQUIRE(events.records().size() == 2);
    CHECK(chunks.payloadOf(events.records()[0]).back() == '0');
    CHECK(chunks.payloadOf(events.records()[1]).back() == '1');
    events.clear(EventBatch::Keep::kNone);
    chunks.adopted.clear();
  }
}

TEST_CASE("a chunk that is kept goes on being filled where it ended") {
  Chunks chunks;
  EventBatch events(chunks);
  events.addText(EventRecord::dataIn(1, 0, 1), "first");
  CHECK(events.chunkHasRoom());
  events.clear(EventBatch::Keep::kLast);
  CHECK(events.empty());
  events.addText(EventRecord::dataIn(1, 0, 1), "second");
  CHECK(events.records()[0].chunk == 0);
  CHECK(events.records()[0].offset == 8);
  CHECK(chunks.payloadOf(events.records()[0]) == "second");
  CHECK(chunks.sizes.size() == 1);

  events.clear(EventBatch::Keep::kNone);
  events.addText(EventRecord::dataIn(1, 0, 1), "third");
  CHECK(events.records()[0].offset == 0);
  CHECK(chunks.sizes.size() == 2);
}

TEST_CASE("chunks that are all kept keep their places, and payloads are not adopted") {
  Chunks chunks;
  EventBatch events(chunks, Payloads::kTransient);
  const std::string large(EventBatch::kWorthAdopting, 'x');
  CHECK_FALSE(events.isWorthAdopting(large.size()));
  events.addBytes(EventRecord::dataIn(1, 0, 2), queueOf(large));
  CHECK(chunks.adopted.empty());
  CHECK(chunks.payloadOf(events.records()[0]) == large);
  const std::string larger(chunks.sizes[0], 'y');
  events.addText(EventRecord::dataIn(1, 0, 1), larger);
  events.clear(EventBatch::Keep::kAll);
  events.addText(EventRecord::dataIn(1, 0, 1), "next");
  CHECK(events.records()[0].chunk == 2);
  CHECK(chunks.payloadOf(events.records()[0]) == "next");
  events.clear(EventBatch::Keep::kAll);
  events.addText(EventRecord::dataIn(1, 0, 1), "after that");
  CHECK(events.records()[0].chunk == 2);
  CHECK(events.records()[0].offset == 8);
}

TEST_CASE("a chunk without room is not worth keeping") {
  Chunks chunks;
  EventBatch events(chunks);
  CHECK_FALSE(events.chunkHasRoom());
  events.addText(EventRecord::dataIn(1, 0, 2), "x");
  const std::size_t size = chunks.sizes[0];
  events.addText(EventRecord::dataIn(1, 0, 2), std::string(size - 8 - 1024, 'x'));
  CHECK(events.chunkHasRoom());
  events.addText(EventRecord::dataIn(1, 0, 2), "x");
  CHECK_FALSE(events.chunkHasRoom());
}

TEST_CASE("a chunk that was given away is not written any more") {
  for (const Payloads payloads : {Payloads::kKept, Payloads::kTransient}) {
    Chunks chunks;
    EventBatch events(chunks, payloads);
    events.askAgain();
    events.addText(EventRecord::dataIn(1, 0, 1), "first");
    CHECK(chunks.asked == 0);
    events.askAgain();
    events.askAgain();
    events.addText(EventRecord::dataIn(1, 0, 1), "second");
    events.addText(EventRecord::dataIn(1, 0, 1), "third");
    CHECK(chunks.asked == 1);
    CHECK(chunks.sizes.size() == 1);
    events.askAgain();
    chunks.stays = false;
    events.addText(EventRecord::dataIn(1, 0, 1), "fourth");
    events.addText(EventRecord::dataIn(1, 0, 1), "fifth");
    CHECK(chunks.asked == 2);
    REQUIRE(chunks.sizes.size() == 2);
    const auto records = events.records();
    for (const std::size_t i : {0U, 1U, 2U}) CHECK(records[i].chunk == 0);
    for (const std::size_t i : {3U, 4U}) CHECK(records[i].chunk == 1);
    CHECK(chunks.payloadOf(records[2]) == "third");
    CHECK(chunks.payloadOf(records[4]) == "fifth");
    CHECK(events.filled()[0] == 21);
    CHECK(events.filled()[1] == 13);
  }
}

TEST_CASE("a chunk that has no room is not asked for, and none that has been forgotten") {
  Chunks chunks;
  EventBatch events(chunks);
  events.addText(EventRecord::dataIn(1, 0, 1), "first");
  events.askAgain();
  events.addText(EventRecord::dataIn(1, 0, 1), std::string(10'000, 'x'));
  CHECK(chunks.asked == 0);
  CHECK(chunks.sizes.size() == 2);
  events.askAgain();
  events.clear(EventBatch::Keep::kNone);
  events.addText(EventRecord::dataIn(1, 0, 1), "next");
  CHECK(chunks.asked == 0);
  CHECK(events.records()[0].offset == 0);
}

TEST_CASE("what is between payloads is zero") {
  Chunks chunks;
  EventBatch events(chunks);
  for (std::size_t size = 0; size < 20; ++size) {
    events.addText(EventRecord::dataIn(1, 0, 2), std::string(size, 'x'));
  }
  const auto used = static_cast<std::size_t>(events.filled()[0]);
  const std::string_view text(reinterpret_cast<const char*>(chunks.chunks[0].get()), used);
  CHECK(text.find('\xAA') == std::string_view::npos);
}

TEST_CASE("the memory of a very large batch is given back") {
  Chunks chunks;
  EventBatch events(chunks);
  for (int i = 0; i < 200'000; ++i) events.add(EventRecord::readyToSend(1));
  const EventRecord* const before = events.records().data();
  events.clear(EventBatch::Keep::kNone);
  CHECK(events.records().data() != before);
}

TEST_CASE("small payloads have small chunks, so that whoever keeps one keeps little") {
  Chunks chunks;
  EventBatch events(chunks);
  for (const std::size_t size : {20U, 256U, 8192U, 20U})
    events.addText(EventRecord::dataIn(1, 0, 2), std::string(size, 'x'));
  CHECK(chunks.sizes == std::vector<std::size_t>{8 * 1024, 64 * 1024});
}

TEST_CASE("a batch is full by its records, its chunks or its adopted memory") {
  Chunks chunks;
  EventBatch byRecords(chunks);
  for (int i = 1; i < 16 * 1024; ++i) byRecords.add(EventRecord::readyToSend(1));
  CHECK_FALSE(byRecords.full());
  byRecords.add(EventRecord::readyToSend(1));
  CHECK(byRecords.full());
  byRecords.clear(EventBatch::Keep::kNone);
  CHECK_FALSE(byRecords.full());

  constexpr std::size_t kMegabyte = std::size_t{1024} * 1024;
  EventBatch byChunks(chunks);
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(byChunks.full());
    byChunks.addText(EventRecord::dataIn(1, 0, 2), std::string(kMegabyte, 'x'));
  }
  CHECK(byChunks.full());

  EventBatch byAdopted(chunks);
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(byAdopted.full());
    byAdopted.addBytes(EventRecord::dataIn(1, 0, 2), queueOf(std::string(kMegabyte, 'x')));
  }
  CHECK(byAdopted.full());
  byAdopted.clear(EventBatch::Keep::kNone);
  CHECK_FALSE(byAdopted.full());
}

TEST_CASE("who wants what") {
  Chunks chunks;
  EventBatch events(chunks);
  CHECK_FALSE(events.wants(EventKind::kDataIn));
  events.setWanted(1U << static_cast<unsigned>(EventKind::kDataIn));
  CHECK(events.wants(EventKind::kDataIn));
  CHECK_FALSE(events.wants(EventKind::kPing));
}

TEST_CASE("events by name, in the order of their numbers") {
  const auto table = eventTable();
  const auto nameOf = [&](EventKind kind) { return table[static_cast<std::size_t>(kind)].name; };
  CHECK(nameOf(EventKind::kConnectionRequest) == "ConnectionRequest");
  CHECK(nameOf(EventKind::kDataIn) == "DataIn");
  CHECK(nameOf(EventKind::kLog) == "Log");
  CHECK(nameOf(EventKind::kSettled) == "Settled");
  CHECK(table[kKnownEvents].name == "Forgotten");
}

}  // namespace
}  // namespace wss::server
