// SPDX-License-Identifier: MIT
#include "ws/utf8.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "reference.h"

namespace wss::ws {
namespace {

using test::ExactBuffer;
using test::Utf8Verdict;

Utf8Verdict verdictOf(Bytes text, std::size_t split) {
  Utf8 utf8;
  if (!utf8.feed(text.first(split)) || !utf8.feed(text.subspan(split))) {
    return Utf8Verdict::kInvalid;
  }
  return utf8.complete() ? Utf8Verdict::kComplete : Utf8Verdict::kIncomplete;
}

/// Compares at every split; one REQUIRE for all keeps millions of cases fast.
bool agrees(Bytes text) {
  const Utf8Verdict expected = test::plainUtf8(text);
  for (std::size_t split = 0; split <= text.size(); ++split) {
    if (verdictOf(text, split) != expected) return false;
  }
  return true;
}

TEST_CASE("every sequence of one, two and three bytes is judged as the plain reference judges") {
  std::uint8_t text[3];
  std::size_t wrong = 0;
  for (int first = 0; first < 256; ++first) {
    text[0] = static_cast<std::uint8_t>(first);
    wrong += !agrees({text, 1});
    for (int second = 0; second < 256; ++second) {
      text[1] = static_cast<std::uint8_t>(second);
      wrong += !agrees({text, 2});
      for (int third = 0; third < 256; ++third) {
        text[2] = static_cast<std::uint8_t>(third);
        wrong += verdictOf({text, 3}, 1) != test::plainUtf8({text, 3});
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("sequences of four bytes at the bounds are judged as the plain reference judges") {
  constexpr std::uint8_t kLeads[] = {0xEF, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFF};
  constexpr std::uint8_t kBounds[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                      0xA0, 0xBF, 0xC0, 0xF0, 0xFF};
  std::size_t wrong = 0;
  for (const std::uint8_t lead : kLeads) {
    for (const std::uint8_t second : kBounds) {
      for (const std::uint8_t third : kBounds) {
        for (const std::uint8_t fourth : kBounds) {
          const std::uint8_t text[] = {lead, second, third, fourth};
          wrong += !agrees(text);
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("texts") {
  struct Row {
    std::string_view name;
    std::string_view hex;
    Utf8Verdict verdict;
  };
  const Row rows[] = {
      {"empty", "", Utf8Verdict::kComplete},
      {"kosme", "ce ba e1 bd b9 cf 83 ce bc ce b5", Utf8Verdict::kComplete},
      {"first and last of each length",
       "00 7f c2 80 df bf e0 a0 80 ef bf bf f0 90 80 80 f4 8f bf bf", Utf8Verdict::kComplete},
      {"around the surrogates", "ed 9f bf ee 80 80", Utf8Verdict::kComplete},
      {"surrogate", "ed a0 80", Utf8Verdict::kInvalid},
      {"overlong slash", "c0 af", Utf8Verdict::kInvalid},
      {"overlong in three", "e0 9f bf", Utf8Verdict::kInvalid},
      {"overlong in four", "f0 8f bf bf", Utf8Verdict::kInvalid},
      {"above U+10FFFF", "f4 90 80 80", Utf8Verdict::kInvalid},
      {"above U+10FFFF is seen at the second byte", "f4 90", Utf8Verdict::kInvalid},
      {"continuation alone", "80", Utf8Verdict::kInvalid},
      {"cut off", "41 f0 9f 98", Utf8Verdict::kIncomplete},
      {"character cut by ASCII", "e2 82 41", Utf8Verdict::kInvalid},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ExactBuffer text(test::unhex(row.hex));
    CHECK(test::plainUtf8(text.bytes()) == row.verdict);
    CHECK(agrees(text.bytes()));
  }
}

TEST_CASE("one byte or character anywhere in ASCII of any size is seen") {
  for (std::size_t size = 0; size <= 100; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const std::string_view middle : {"\x80", "\xC3\xA4", "\xE2\x82", "\xF0\x9F\x98\x80"}) {
        std::string text(size, 'a');
        text.insert(at, middle);
        ExactBuffer buffer(bytesOf(text));
        Utf8 utf8;
        const bool valid = utf8.feed(buffer.bytes());
        const Utf8Verdict expected = test::plainUtf8(buffer.bytes());
        REQUIRE(valid == (expected != Utf8Verdict::kInvalid));
        REQUIRE((!valid || utf8.complete() == (expected == Utf8Verdict::kComplete)));
        REQUIRE_FALSE((valid && utf8.ascii()));
      }
    }
    ExactBuffer ascii(bytesOf(std::string(size, '\x7F')));
    Utf8 utf8;
    REQUIRE(utf8.feed(ascii.bytes()));
    REQUIRE(utf8.ascii());
    REQUIRE(utf8.complete());
  }
}

TEST_CASE("the whole characters before a broken one") {
  struct Row {
    std::string_view text;
    std::size_t size;
  };
  const Row rows[] = {
      {"", 0},
      {"abc", 3},
      {"ab\xFF", 2},
      {"\x80", 0},
      {"a\xC3\xA4", 3},
      {"a\xC3", 1},
      {"a\xC3\xA4\xE2\x82", 3},
      {"a\xE2\x82z", 1},
      {"\xC0\x80", 0},
      {"x\xED\xA0\x80", 1},
      {"\xF0\x9F\x98\x80\xF4\x90", 4},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    test::ExactBuffer bytes(bytesOf(row.text));
    CHECK(validPrefix(bytes.bytes()) == row.size);
  }
}

TEST_CASE("the start of a character whose rest is missing") {
  struct Row {
    std::string_view text;
    std::size_t tail;
  };
  constexpr Row kRows[] = {
      {"", 0},
      {"a", 0},
      {"\xC3", 1},
      {"\xC3\xA4", 0},
      {"a\xE2\x82", 2},
      {"\xE2\x82\xAC", 0},
      {"\xE2", 1},
      {"\xF0\x9F\x8D", 3},
      {"\xF0\x9F\x8D\x90", 0},
      {"\xF0\x9F\x8D\x90\xF0", 1},
  };
  for (const Row& row : kRows) CHECK(incompleteTail(bytesOf(row.text)) == row.tail);
}

}  // namespace
}  // namespace wss::ws
