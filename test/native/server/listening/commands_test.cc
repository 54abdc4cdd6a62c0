// SPDX-License-Identifier: MIT
// Commands of JavaScript that make no sense: each is left out, and nothing beyond the arena is
// read or written, which the sanitizer sees.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "server_fixture.h"

namespace wss::test {
namespace {

using server::Command;
using ws::Opcode;

constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kText = static_cast<std::int32_t>(Opcode::kText);
constexpr std::int32_t kArena = 64;

struct Open {
  ServerFixture fixture;
  Peer peer{fixture.port()};
  std::int32_t id = fixture.open(peer);

  void perform(const std::vector<Command>& commands) {
    std::string text(static_cast<std::size_t>(kArena), '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('A' + i);
    ExactBuffer arena(bytesOf(text));
    fixture.server().perform(commands, arena.bytes());
    fixture.turn();
  }
  std::size_t errors() { return fixture.count(EventKind::kError); }
};

TEST_CASE("a command that makes no sense is left out, and an Error tells of it") {
  struct Row {
    std::string_view name;
    std::int32_t kind;
    std::int32_t offset;
    std::int32_t length;
  };
  const std::int32_t gathered = kText | server::kGathered;
  const auto from = [&](std::int32_t offset) { return gathered | offset << server::kOperandShift; };
  const Row rows[] = {
      {"a length below 0", kText, 10, -1},
      {"the least length", kText, 10, kLeast},
      {"the greatest length", kText, 10, kMost},
      {"one byte too many", kText, 10, kArena - 9},
      {"an offset below 0", kText, -1, 1},
      {"the least offset", kText, kLeast, 1},
      {"an offset beyond", kText, kArena + 1, 0},
      {"the greatest offset", kText, kMost, 1},
      {"both at their greatest", kText, kMost, kMost},
      {"no room for a header", kText, 1, 5},
      {"no room for any header", kText, 0, 0},
      {"a continuation", 0, 10, 5},
      {"a Close", static_cast<std::int32_t>(Opcode::kClose), 10, 2},
      {"an opcode that there is not", 5, 10, 5},
      {"a kind that there is not", 20, 10, 5},
      {"a kind below 0", kLeast | kText, 10, 5},
      {"gathered by a kind below 0", from(1) | kLeast, 10, 5},
      {"gathered from nowhere", gathered, 10, 5},
      {"gathered from beyond", from(kArena + 1), 10, 0},
      {"gathered up to beyond", from(kArena - 4), 10, 5},
      {"gathered from far away", from(kMost >> server::kOperandShift), 10, 5},
      {"gathered to beyond", from(1), kArena - 4, 5},
      {"an answer of a length below 0", server::kAnswerOpen | 101 << server::kOperandShift, 0, -1},
      {"an answer beyond", server::kAnswerOpen | 101 << server::kOperandShift, kArena - 4, 5},
      {"an answer in one piece", server::kAnswerOpen | 101 << server::kOperandShift, 0, 5},
      {"an answer of a kind below 0", server::kAnswerOpen | kLeast, kMost, kMost},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Open open;
    open.perform({{open.id, kText, 10, 2}, {open.id, row.kind, row.offset, row.length}});
    REQUIRE(open.errors() == 1);
    CHECK(open.fixture.last(EventKind::kError).id == open.id);
    CHECK(open.fixture.last(EventKind::kError).value == 10022);
    CHECK(open.peer.take() == plain(Opcode::kText, "KL"));
    // The connection goes on.
    open.perform({{open.id, kText, 12, 1}});
    CHECK(open.peer.take() == plain(Opcode::kText, "M"));
  }
}

TEST_CASE("what fills the arena to its ends is sent") {
  Open open;
  open.perform({{open.id, kText, 2, kArena - 2}, {open.id, kText, kArena, 0}});
  CHECK(open.errors() == 0);
  CHECK(open.peer.take().size() == static_cast<std::size_t>(kArena) + 2);
}

TEST_CASE("no text takes the place of one that was left out") {
  Open open;
  const std::int32_t gathered = kText | server::kGathered;
  open.perform({{open.id, gathered | 32 << server::kOperandShift, 2, 2},
                {open.id, gathered, kMost, 2},
                {open.id, gathered, 6, 2},
                {open.id, gathered | 40 << server::kOperandShift, 10, 2}});
  CHECK(open.errors() == 2);
  CHECK(open.peer.take() == plain(Opcode::kText, "ab") + plain(Opcode::kText, "ij"));
}

TEST_CASE("commands for ids that nobody has") {
  Open open;
  for (const std::int32_t id : {0, -1, kLeast, kMost, open.id + (1 << server::kSlotBits)}) {
    CAPTURE(id);
    const std::size_t before = open.errors();
    open.perform({{id, kText, 2, 2}, {id, kText, 0, kMost}, {id, server::kAnswerConnection, 0, 1}});
    CHECK(open.errors() == before + 2);
  }
  CHECK(open.peer.take().empty());
}

TEST_CASE("what may be sent whole") {
  CHECK(server::isSendable(1, 1 << 30));
  CHECK(server::isSendable(2, 0));
  for (const std::int32_t opcode : {9, 10}) {
    CHECK(server::isSendable(opcode, 125));
    CHECK_FALSE(server::isSendable(opcode, 126));
  }
  for (const std::int32_t opcode : {-1, 0, 3, 7, 8, 11, 15, 16, 0x81, 0x101, kLeast, kMost}) {
    CHECK_FALSE(server::isSendable(opcode, 0));
  }
}

}  // namespace
}  // namespace wss::test
