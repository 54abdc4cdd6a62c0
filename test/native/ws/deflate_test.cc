// SPDX-License-Identifier: MIT
#include "ws/deflate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference.h"

namespace wss::ws {
namespace {

using test::ExactBuffer;
using test::hexOf;
using test::unhex;

constexpr std::size_t kLimit = 16 * 1024 * 1024;

/// Words in an order that repeats, but not soon.
std::string prose(std::size_t size) {
  constexpr std::string_view kWords[] = {"window ", "stream ", "block ", "\"id\":", "7192,"};
  std::string text;
  for (std::uint32_t state = 1; text.size() < size; state = state * 1664525 + 1013904223) {
    text += kWords[(state >> 16) % 5];
    text += std::to_string(state >> 28);
  }
  text.resize(size);
  return text;
}

/// Bytes that cannot be compressed.
std::string noise(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 1;
  for (; bytes.size() < size; state = state * 1664525 + 1013904223) {
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

std::vector<std::uint8_t> compress(Deflater& deflater, std::string_view message) {
  ByteQueue out;
  ExactBuffer exact(bytesOf(message));
  REQUIRE(deflater.compress(exact.bytes(), out).ok());
  const Bytes bytes = out.bytes();
  return {bytes.begin(), bytes.end()};
}

/// What inflate() says, and what it has appended.
struct Outcome {
  InflateStatus status;
  std::string message;
};

Outcome inflate(Inflater& inflater, Bytes payload, std::size_t limit = kLimit) {
  constexpr std::string_view kBefore = "before";
  ByteQueue out;
  out.append(kBefore);
  ExactBuffer exact(payload);
  const InflateStatus status = inflater.inflate(exact.bytes(), out, limit);
  REQUIRE(textOf(out.bytes()).starts_with(kBefore));
  return {status, std::string(textOf(out.bytes()).substr(kBefore.size()))};
}

TEST_CASE("the messages of RFC 7692 §7.2.3") {
  Inflater inflater(15, true);
  struct Row {
    std::string_view name;
    std::string_view hex;
    std::string_view message;
  };
  const Row rows[] = {
      {"one block (§7.2.3.1)", "f2 48 cd c9 c9 07 00", "Hello"},
      {"sharing the window (§7.2.3.2)", "f2 00 11 00 00", "Hello"},
      {"a block without compression (§7.2.3.3)", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
      {"a final block (§7.2.3.4)", "f3 48 cd c9 c9 07 00 00", "Hello"},
      {"the window after a final block", "f2 00 11 00 00", "Hello"},
      {"two blocks (§7.2.3.5)", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"},
      {"nothing (§7.2.3.6)", "00", ""},
      {"the window after nothing", "f2 00 11 00 00", "Hello"},
      {"a final block without the empty one behind", "f3 48 cd c9 c9 07 00", "Hello"},
      {"the window after that", "f2 00 11 00 00", "Hello"},
      {"blocks after a final one", "f3 48 05 00 ca c9 c9 07 00", "Hello"},
      {"two final blocks", "f3 48 05 00 cb c9 c9 07 00", "Hello"},
      {"nothing in a final block", "03 00", ""},
      {"nothing in a final block without compression", "01", ""},
      {"an empty final block at the end", "00 05 00 fa ff 48 65 6c 6c 6f 01", "Hello"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Outcome outcome = inflate(inflater, unhex(row.hex));
    CHECK(outcome.status == InflateStatus::kDone);
    CHECK(outcome.message == row.message);
  }
}

TEST_CASE("messages are compressed as RFC 7692 §7.2.3 shows") {
  Deflater alone({});
  for (int i = 0; i < 2; ++i) CHECK(hexOf(compress(alone, "Hello")) == "f248cdc9c90700");

  Deflater sharing({.contextTakeover = true});
  CHECK(hexOf(compress(sharing, "")) == "00");
  CHECK(hexOf(compress(sharing, "Hello")) == "f248cdc9c90700");
  CHECK(hexOf(compress(sharing, "")) == "00");
  CHECK(hexOf(compress(sharing, "Hello")) == "f200110000");

  Deflater storing({.level = 0});
  CHECK(hexOf(compress(storing, "Hello")) == "000500faff48656c6c6f00");
}

TEST_CASE("payloads that are not DEFLATE, or not all of it") {
  struct Row {
    std::string_view name;
    std::string_view hex;
  };
  const Row rows[] = {
      {"no byte at all", ""},
      {"reserved block type", "06"},
      {"lengths of a block that do not fit", "00 05 00 00 00 48 65 6c 6c 6f 00"},
      {"no such window", "f2 00 11 00 00"},
      {"cut inside a block", "f2 48 cd c9"},
      {"cut inside a block without compression", "00 50 00 af ff 48 65"},
      {"a block without compression that the end would fill", "00 05 00 fa ff 48"},
      {"a final one", "01 05 00 fa ff 48"},
      {"cut inside the trees", "05 c0"},
      {"the end sent along, and more", "f2 48 cd c9 c9 07 00 00 00 ff"},
      {"garbage behind a final block", "f3 48 cd c9 c9 07 00 ff"},
      {"header of zlib", "78 01 f2 48 cd c9 c9 07 00"},
  };
  for (const bool takeover : {false, true}) {
    for (const Row& row : rows) {
      CAPTURE(row.name);
      Inflater inflater(15, takeover);
      const Outcome outcome = inflate(inflater, unhex(row.hex));
      CHECK(outcome.status == InflateStatus::kCorrupt);
      CHECK(outcome.message.empty());
      CHECK(inflate(inflater, unhex("f2 48 cd c9 c9 07 00")).message == "Hello");
    }
  }
}

TEST_CASE("a payload cut anywhere is corrupt") {
  Deflater deflater({});
  Inflater inflater(15, false);
  const std::string message = prose(2000);
  const std::vector<std::uint8_t> payload = compress(deflater, message);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    REQUIRE(inflate(inflater, Bytes(payload).first(size)).status == InflateStatus::kCorrupt);
  }
  CHECK(inflate(inflater, payload).message == message);
}

TEST_CASE("messages of every kind and size, with all settings, come back") {
  std::vector<std::string> messages;
  for (const std::size_t size : {1u, 100u, 1024u, 5000u, 66000u}) {
    messages.insert(messages.end(), {prose(size), noise(size), std::string(size, 'a')});
  }
  for (const int windowBits : {9, 10, 12, 15}) {
    for (const int memLevel : {1, 8, 9}) {
      for (const int level : {0, 1, 6, 9}) {
        for (const bool takeover : {false, true}) {
          Deflater deflater({level, windowBits, memLevel, takeover});
          Inflater inflater(windowBits, takeover);
          for (const std::string& message : messages) {
            const Outcome outcome = inflate(inflater, compress(deflater, message), message.size());
            REQUIRE(outcome.status == InflateStatus::kDone);
            REQUIRE(outcome.message == message);
          }
        }
      }
    }
  }
}

TEST_CASE("output of all sizes around those that room is made for") {
  Deflater deflater({});
  Inflater inflater(15, false);
  constexpr std::size_t kRoom = 64 * 1024;
  const std::string bytes = noise(kRoom + 40);
  for (std::size_t size = kRoom - 40; size < bytes.size(); ++size) {
    const std::string message = bytes.substr(0, size);
    REQUIRE(inflate(inflater, compress(deflater, message), size).message == message);
  }
}

TEST_CASE("only context takeover lets a message refer to one before") {
  const std::string message = noise(500);
  Deflater alone({});
  Inflater inflater(15, false);
  const std::vector<std::uint8_t> first = compress(alone, message);
  CHECK(compress(alone, message) == first);
  CHECK(inflate(inflater, first).message == message);

  Deflater sharing({.contextTakeover = true});
  CHECK(compress(sharing, message) == first);
  const std::vector<std::uint8_t> second = compress(sharing, message);
  CHECK(second.size() < first.size() / 10);
  CHECK(inflate(inflater, second).status == InflateStatus::kCorrupt);
}

TEST_CASE("no more than the limit is inflated") {
  Deflater deflater({});
  const std::vector<std::uint8_t> bomb = compress(deflater, std::string(kLimit, 'a'));
  REQUIRE(bomb.size() < kLimit / 200);
  for (const bool takeover : {false, true}) {
    Inflater inflater(15, takeover);
    for (const std::size_t limit : {0u, 1u, 1000u, 65536u, 1000000u}) {
      CAPTURE(limit);
      ByteQueue out;
      CHECK(inflater.inflate(bomb, out, limit) == InflateStatus::kTooBig);
      CHECK(out.empty());
      CHECK(out.capacity() <= std::max<std::size_t>(2 * limit, 1024));
    }
    CHECK(inflate(inflater, bomb, kLimit - 1).status == InflateStatus::kTooBig);
    CHECK(inflate(inflater, bomb, kLimit).message.size() == kLimit);
  }
}

TEST_CASE("in portions the same comes out") {
  Deflater deflater({});
  for (const std::string& message : {std::string(), std::string("short"), prose(70'000),
                                     noise(70'000), std::string(kLimit / 8, 'a')}) {
    const std::vector<std::uint8_t> payload = compress(deflater, message);
    for (const bool takeover : {false, true}) {
      Inflater inflater(15, takeover);
      for (const std::size_t portion : {4u, 1000u, 100'000u}) {
        CAPTURE(message.size());
        CAPTURE(portion);
        ByteQueue out;
        Bytes rest = payload;
        InflateStatus status = InflateStatus::kMore;
        while (status == InflateStatus::kMore) {
          const std::size_t before = out.size();
          const std::size_t given = rest.size();
          status = inflater.inflatePortion(rest, out, kLimit - before, portion);
          REQUIRE(out.size() - before < portion + 64 * 1024);
          REQUIRE(given - rest.size() <= portion / 4);
        }
        REQUIRE(status == InflateStatus::kDone);
        CHECK(textOf(out.bytes()) == message);
      }
    }
  }
}

TEST_CASE("the limit holds for all portions together") {
  Deflater deflater({});
  const std::vector<std::uint8_t> payload = compress(deflater, std::string(kLimit, 'a'));
  Inflater inflater(15, false);
  ByteQueue out;
  Bytes rest = payload;
  InflateStatus status = InflateStatus::kMore;
  while (status == InflateStatus::kMore) {
    status = inflater.inflatePortion(rest, out, kLimit - 1 - out.size(), 1000);
  }
  CHECK(status == InflateStatus::kTooBig);
  CHECK(inflate(inflater, payload, kLimit).message.size() == kLimit);
}

TEST_CASE("a limit that a message just fits") {
  Deflater deflater({});
  Inflater inflater(15, false);
  for (const std::size_t size : {0u, 1u, 5u, 20u, 1000u, 100000u}) {
    CAPTURE(size);
    const std::string message = prose(size);
    const std::vector<std::uint8_t> payload = compress(deflater, message);
    CHECK(inflate(inflater, payload, size).message == message);
    if (size > 0) CHECK(inflate(inflater, payload, size - 1).status == InflateStatus::kTooBig);
  }
}

}  // namespace
}  // namespace wss::ws
