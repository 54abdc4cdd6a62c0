// SPDX-License-Identifier: MIT
#include "http/header.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wss::http {
namespace {

TEST_CASE("header lines that are fields") {
  struct Row {
    std::string_view line;
    std::string_view name;
    std::string_view value;
  };
  const Row rows[] = {
      {"Host: a", "Host", "a"},
      {"Host:a", "Host", "a"},
      {"Host:", "Host", ""},
      {"Host: \t ", "Host", ""},
      {"A: \t b\tc \t", "A", "b\tc"},
      {"A: b: c", "A", "b: c"},
      {"!#$%&'*+-.^_`|~9: x", "!#$%&'*+-.^_`|~9", "x"},
      {"A: \xC3\xA4\xFF", "A", "\xC3\xA4\xFF"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const std::optional<Field> field = parseField(row.line);
    REQUIRE(field.has_value());
    CHECK(field->name == row.name);
    CHECK(field->value == row.value);
  }
}

TEST_CASE("header lines that are none") {
  for (const std::string_view line : {"", "A", ":", ": b", "A : b", " A: b", "A\t: b", "A(: b",
                                      "A: b\rc", "A: b\nc", "A: \x01", "A: \x7F", "\xC3: b"}) {
    CAPTURE(line);
    CHECK_FALSE(parseField(line).has_value());
  }
}

TEST_CASE("control characters are all below the space but the tab, and DEL") {
  for (int code = 0; code < 256; ++code) {
    CAPTURE(code);
    CHECK(isControl(static_cast<char>(code)) == ((code < 0x20 && code != '\t') || code == 0x7F));
  }
}

TEST_CASE("elements of lists") {
  struct Row {
    std::string_view list;
    std::vector<std::string_view> elements;
  };
  const Row rows[] = {
      {"", {}},  {"a", {"a"}},     {"a,b", {"a", "b"}}, {" a ,\tb\t", {"a", "b"}},
      {",", {}}, {"a,", {"a"}},    {",a", {"a"}},       {"a, ,b", {"a", "b"}},
      {" ", {}}, {"a b", {"a b"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.list);
    CHECK(elementsOf(row.list) == row.elements);
  }
}

TEST_CASE("tokens in lists, with and without regard to case") {
  struct Row {
    std::string_view list;
    std::string_view token;
    bool exactly;
    bool inAnyCase;
  };
  const Row rows[] = {
      {"Upgrade", "Upgrade", true, true},
      {"keep-alive, UPGRADE", "upgrade", false, true},
      {"keep-alive, upgrade ,x", "upgrade", true, true},
      {"upgrades, up grade", "upgrade", false, false},
      {"", "upgrade", false, false},
      {"upgrade/1", "upgrade", false, false},
      // Only letters have a case: '@' and '`', '[' and '{' differ by the same bit.
      {"a@[", "A`{", false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.list);
    CHECK(listHasToken(row.list, row.token) == row.exactly);
    CHECK(listHasTokenIgnoreCase(row.list, row.token) == row.inAnyCase);
  }
}

TEST_CASE("what is before a separator is taken off the front") {
  std::string_view rest = "a\r\nb\r\r\n\r\nc";
  for (const std::string_view part : {"a", "b\r", "", "c"}) {
    CHECK(takeUntil(rest, kLineEnd) == part);
  }
  CHECK(rest.empty());
  CHECK(takeUntil(rest, kLineEnd).empty());
}

TEST_CASE("a list is put together") {
  std::string list;
  appendElement(list, "a");
  appendElement(list, "b, c");
  appendElement(list, "");
  appendElement(list, "d");
  CHECK(list == "a, b, c, d");
}

TEST_CASE("a list without its empty elements is otherwise as it came") {
  struct Row {
    std::string_view list;
    std::string_view kept;
  };
  const Row rows[] = {
      {"", ""},         {",", ""},           {" , ,", ""}, {"a", "a"},           {"a,b", "a,b"},
      {"a, b", "a, b"}, {"a ,\tb", "a,\tb"}, {", a", "a"}, {"a,, ,b ,", "a,b "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.list);
    CHECK(withoutEmptyElements(row.list) == row.kept);
  }
}

TEST_CASE("lines that are no fields are passed over in a search") {
  const std::string_view headers = "nonsense\r\nA : 0\r\na: 1\r\nA: 2";
  CHECK(findHeader(headers, "A") == "1");
  CHECK(joinHeaders(headers, "A") == "1, 2");
}

TEST_CASE("sets of bytes") {
  constexpr ByteSet kSet = lettersDigitsAnd("-\xFF");
  CHECK(consistsOf("azAZ09-\xFF", kSet));
  CHECK_FALSE(consistsOf("", kSet));
  for (const std::string_view text : {"a b", "_", "@", "[", "`", "{", "/", ":"}) {
    CAPTURE(text);
    CHECK_FALSE(consistsOf(text, kSet));
  }
  CHECK_FALSE(consistsOf(std::string_view("a\0", 2), kSet));
}

}  // namespace
}  // namespace wss::http
