// SPDX-License-Identifier: MIT
// What comes in, without a server and without a socket.
#include "server/streams/incoming.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "recorded_events.h"
#include "wire.h"

namespace wss::test {
namespace {

using server::ConnectionOwner;
using server::EventKind;
using server::Incoming;
using server::kEndOfLine;
using server::kEndOfMessage;
using server::kIsAscii;
using server::kIsBinary;
using server::LastFrame;
using ws::Opcode;

/// An owner that has no other connections.
struct Alone final : ConnectionOwner {
  void onPending(std::int32_t, server::WaitsFor) override {}
  void onNotPending(std::int32_t) override {}
  bool takeOpen() override { return true; }
  bool boundUnfinished(std::int32_t id) override {
    bounded = id;
    return false;
  }
  void boundQueues() override {}
  std::string uidOf(std::int32_t) override { return {}; }
  void remove(std::int32_t) override {}

  std::int32_t bounded = 0;
};

struct NoTicks final : net::TickHandler {
  void onTick() override {}
};

struct Fixture {
  static constexpr std::int32_t kId = 7;

  RecordedEvents events;
  server::Options options;
  std::unique_ptr<net::Loop> loop = std::move(net::Loop::create().value());
  Alone owner;
  NoTicks ticks;
  server::Shared shared{*loop, events.batch, options, owner, ticks, {}};
  Incoming incoming{1'000'000};
  Incoming::Target target{shared, kId};
  bool deaf = false;
  /// The pieces that were no data.
  std::vector<ws::Piece::Kind> others;
  std::uint16_t closeCode = 0;

  ~Fixture() { incoming.forget(target); }

  /// Reads frames as a connection does; what is left of them, once all is read or the rest waits.
  std::string read(std::string_view frames) {
    std::string bytes(textOf(incoming.kept().bytes()));
    incoming.kept().clear();
    bytes += frames;
    MutableBytes input(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
    ws::Piece piece;
    while (!incoming.isBehind()) {
      const ws::Piece::Kind kind = incoming.next(input, piece);
      if (kind == ws::Piece::Kind::kNeedMore) break;
      const bool isData = kind == ws::Piece::Kind::kData;
      if (isData && incoming.take(piece, target, deaf)) continue;
      others.push_back(isData ? ws::Piece::Kind::kError : kind);
      if (isData || kind == ws::Piece::Kind::kError) {
        closeCode = piece.closeCode;
        return {};
      }
    }
    incoming.kept().append(input);
    return std::string(textOf(input));
  }
  std::vector<RecordedEvents::Event> take() { return events.take(); }
};

void check(const RecordedEvents::Event& event, std::string_view payload, int value, int flags) {
  CHECK(event.kind == EventKind::kDataIn);
  CHECK(event.id == Fixture::kId);
  CHECK(event.payload == payload);
  CHECK(event.value == value);
  CHECK(event.flags == flags);
}

TEST_CASE("whole messages become events at once") {
  Fixture fixture;
  fixture.read(masked(Opcode::kText, "text") + masked(Opcode::kText, "\xC3\xA4") +
               masked(Opcode::kBinary, "bytes") + masked(Opcode::kPing, "!") +
               masked(Opcode::kText, ""));
  const auto events = fixture.take();
  REQUIRE(events.size() == 4);
  check(events[0], "text", 1, kEndOfMessage | kIsAscii);
  check(events[1], "\xC3\xA4", 1, kEndOfMessage);
  check(events[2], "bytes", 2, kEndOfMessage);
  check(events[3], "", 1, kEndOfMessage | kIsAscii);
  CHECK(fixture.others == std::vector{ws::Piece::Kind::kPing});
  CHECK(fixture.shared.statistics.messagesIn == 4);
  CHECK(fixture.shared.statistics.bytesIn == 11);
  CHECK(fixture.shared.unfinished.empty());
}

TEST_CASE("fragments are collected, whatever they are cut into, and accounted for meanwhile") {
  const std::string frames =
      masked(Opcode::kText, "ab\xC3", false) + masked(Opcode::kContinuation, "\xA4 cd");
  for (std::size_t cut = 1; cut < frames.size(); ++cut) {
    Fixture fixture;
    fixture.read(frames.substr(0, cut));
    CHECK(fixture.take().empty());
    CHECK(fixture.shared.unfinished.empty() == !fixture.incoming.hasMessage());
    fixture.read(frames.substr(cut));
    const auto events = fixture.take();
    REQUIRE(events.size() == 1);
    check(events[0], "ab\xC3\xA4 cd", 1, kEndOfMessage);
    CHECK(fixture.shared.unfinished.empty());
  }
}

TEST_CASE("without BufferMessage pieces are passed on, and no character is cut") {
  Fixture fixture;
  fixture.options.bufferMessage = false;
  fixture.read(masked(Opcode::kText, "a\xC3", false));
  fixture.read(masked(Opcode::kContinuation, "\xA4"));
  const auto events = fixture.take();
  REQUIRE(events.size() == 2);
  check(events[0], "a", 1, 0);
  check(events[1], "\xC3\xA4", 0, kEndOfMessage);
}

TEST_CASE("a broken text ends it, and what was good of it is passed on without BufferMessage") {
  for (const bool buffers : {true, false}) {
    Fixture fixture;
    fixture.options.bufferMessage = buffers;
    fixture.read(masked(Opcode::kText, "ok\xFF"));
    CHECK(fixture.closeCode == 1007);
    const auto events = fixture.take();
    REQUIRE(events.size() == (buffers ? 0 : 1));
    if (!buffers) check(events[0], "ok", 1, 0);
  }
}

TEST_CASE("of a message that nobody wanted for a while nothing is delivered") {
  Fixture fixture;
  fixture.read(masked(Opcode::kBinary, "one", false));
  fixture.deaf = true;
  fixture.read(masked(Opcode::kContinuation, "two", false));
  CHECK_FALSE(fixture.incoming.hasMessage());
  fixture.deaf = false;
  fixture.read(masked(Opcode::kContinuation, "three") + masked(Opcode::kBinary, "next"));
  const auto events = fixture.take();
  REQUIRE(events.size() == 1);
  check(events[0], "next", 2, kEndOfMessage);
  CHECK(fixture.shared.statistics.messagesIn == 2);
  CHECK(fixture.shared.statistics.bytesIn == 15);
}

TEST_CASE("limits of a message") {
  Fixture many;
  many.options.maxFragments = 2;
  many.read(masked(Opcode::kBinary, "1", false) + masked(Opcode::kContinuation, "2", false) +
            masked(Opcode::kContinuation, "3"));
  CHECK(many.closeCode == 1008);

  Fixture much;
  much.options.maxUnfinishedBytes = 1000;
  much.read(masked(Opcode::kBinary, std::string(2000, 'm'), false));
  CHECK(much.closeCode == 1013);
  CHECK(much.owner.bounded == Fixture::kId);
}

TEST_CASE("a large frame is received where it is to stay") {
  Fixture fixture;
  const std::string payload(200'000, 'l');
  const std::string frame = masked(Opcode::kBinary, payload);
  CHECK_FALSE(fixture.incoming.goesInPlace());
  fixture.read(frame.substr(0, 50'000));
  REQUIRE(fixture.incoming.goesInPlace());
  std::size_t from = 50'000;
  while (from < frame.size()) {
    const MutableBytes place = fixture.incoming.beginInPlace(fixture.target);
    const std::size_t count = std::min({place.size(), frame.size() - from, std::size_t{60'000}});
    std::copy_n(frame.data() + from, count, place.data());
    fixture.incoming.endInPlace(place.size());
    from += count;
    MutableBytes input = place.first(count);
    ws::Piece piece;
    REQUIRE(fixture.incoming.next(input, piece) == ws::Piece::Kind::kData);
    CHECK(fixture.incoming.take(piece, fixture.target, false));
    CHECK(input.empty());
  }
  const auto events = fixture.take();
  REQUIRE(events.size() == 1);
  check(events[0], payload, 2, kEndOfMessage);
  CHECK_FALSE(fixture.incoming.goesInPlace());
}

TEST_CASE("lines, and what is too much of them for a turn") {
  Fixture fixture;
  fixture.incoming.setLineMode(true);
  fixture.read(masked(Opcode::kText, "one\r\ntw", false));
  CHECK_FALSE(fixture.incoming.setMaxLineLength(5).ok());
  fixture.read(masked(Opcode::kContinuation, "o\nrest"));
  auto events = fixture.take();
  REQUIRE(events.size() == 3);
  check(events[0], "one", 0, kEndOfLine);
  check(events[1], "two", 0, kEndOfLine);
  check(events[2], "rest", 0, kEndOfMessage);
  REQUIRE(fixture.incoming.setMaxLineLength(4).ok());
  fixture.read(masked(Opcode::kBinary, "abcdef\n"));
  events = fixture.take();
  REQUIRE(events.size() == 2);
  check(events[0], "abcd", 0, kIsBinary);
  check(events[1], "ef", 0, kIsBinary | kEndOfLine | kEndOfMessage);

  std::string many;
  for (int line = 0; line < 5000; ++line) many += "x\n";
  const std::string behind = masked(Opcode::kPing, "");
  CHECK(fixture.read(masked(Opcode::kText, many) + behind) == behind);
  CHECK(fixture.incoming.isBehind());
  CHECK(fixture.take().size() == 4096);
  CHECK_FALSE(fixture.incoming.catchUp(fixture.target));
  CHECK_FALSE(fixture.incoming.isBehind());
  events = fixture.take();
  REQUIRE(events.size() == 5000 - 4096);
  check(events.back(), "x", 0, kEndOfLine | kEndOfMessage);
}

TEST_CASE("a broken character behind very many lines ends it when they have been delivered") {
  Fixture fixture;
  fixture.incoming.setLineMode(true);
  std::string many;
  for (int line = 0; line < 5000; ++line) many += "x\n";
  fixture.read(masked(Opcode::kText, many + "\xFF"));
  CHECK(fixture.closeCode == 0);
  const std::optional<LastFrame> last = fixture.incoming.catchUp(fixture.target);
  CHECK(fixture.take().size() == 5000);
  REQUIRE(last);
  CHECK(last->code == 1007);
  CHECK(last->id == Fixture::kId);
}

TEST_CASE("a compressed message is inflated in portions, and then delivered") {
  Fixture fixture;
  fixture.incoming.agreeOnCompression(nullptr);
  const std::string text(600'000, 'z');
  fixture.read(compressed(Opcode::kText, bytesOf(deflated(text))));
  CHECK(fixture.incoming.isBehind());
  CHECK_FALSE(fixture.shared.unfinished.empty());
  int turns = 0;
  for (; fixture.incoming.isBehind(); ++turns) {
    CHECK(fixture.take().empty());
    CHECK_FALSE(fixture.incoming.catchUp(fixture.target));
  }
  CHECK(turns == 2);
  const auto events = fixture.take();
  REQUIRE(events.size() == 1);
  check(events[0], text, 1, kEndOfMessage | kIsAscii);
  CHECK(fixture.shared.unfinished.empty());
}

TEST_CASE("a compressed message that is too large, or given up, ends cleanly") {
  Fixture large;
  large.incoming.agreeOnCompression(nullptr);
  large.options.maxMessageSize = 300'000;
  large.read(compressed(Opcode::kText, bytesOf(deflated(std::string(600'000, 'z')))));
  REQUIRE(large.incoming.isBehind());
  const std::optional<LastFrame> last = large.incoming.catchUp(large.target);
  REQUIRE(last);
  CHECK(last->code == 1009);
  CHECK(large.shared.unfinished.empty());

  Fixture given;
  given.incoming.agreeOnCompression(nullptr);
  given.read(compressed(Opcode::kText, bytesOf(deflated(std::string(600'000, 'z')))));
  given.incoming.forget(given.target);
  CHECK(given.shared.unfinished.empty());
  CHECK_FALSE(given.incoming.catchUp(given.target));
  CHECK(given.take().empty());
}

}  // namespace
}  // namespace wss::test
