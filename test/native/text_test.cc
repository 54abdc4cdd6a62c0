// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace wss {
namespace {

using Views = std::vector<std::string_view>;

TEST_CASE("only the letters A to Z have a case") {
  for (int code = 0; code < 256; ++code) {
    CAPTURE(code);
    const char c = static_cast<char>(code);
    const bool isUpper = code >= 'A' && code <= 'Z';
    CHECK(lowerCase(c) == (isUpper ? static_cast<char>(code + 0x20) : c));
  }
  CHECK(lowerCase("aBZ[@\xC3\x84") == "abz[@\xC3\x84");
}

TEST_CASE("texts are compared without their case") {
  CHECK(equalsIgnoringCase("", ""));
  CHECK(equalsIgnoringCase("Host", "hOST"));
  CHECK_FALSE(equalsIgnoringCase("Host", "Hos"));
  CHECK_FALSE(equalsIgnoringCase("a@[", "A`{"));
  CHECK_FALSE(equalsIgnoringCase("\xC3\x84", "\xC3\xA4"));

  CHECK(containsIgnoringCase("X-Auth-Token", "tOKEN"));
  CHECK(containsIgnoringCase("token", ""));
  CHECK_FALSE(containsIgnoringCase("toke", "token"));
}

TEST_CASE("blanks around a text") {
  CHECK(trimmed("").empty());
  CHECK(trimmed(" \t ").empty());
  CHECK(trimmed(" \ta b\t ") == "a b");
  CHECK(trimmed("\r\na\n") == "\r\na\n");
  CHECK(trimmed("\r\n a \n", kWhiteSpace) == "a");
  CHECK(trimmed("\ta ", " ") == "\ta");
}

TEST_CASE("what is before a separator is taken off the front of a text") {
  std::string_view rest = "a--b-";
  CHECK(takeUntil(rest, "--") == "a");
  CHECK(takeUntil(rest, "--") == "b-");
  CHECK(rest.empty());
  CHECK(takeUntil(rest, "--").empty());
}

TEST_CASE("elements of a list may have blanks in them") {
  CHECK(elementsOf("").empty());
  CHECK(elementsOf(" , ,").empty());
  CHECK(elementsOf("a b,\tc ,,d") == Views{"a b", "c", "d"});
  CHECK(elementsOf("a;\tb ; c", ";", " ") == Views{"a", "\tb", "c"});
}

TEST_CASE("words have none of the separators in them") {
  CHECK(wordsOf("", ",").empty());
  CHECK(wordsOf(" ,", ", ").empty());
  CHECK(wordsOf("a", ",") == Views{"a"});
  CHECK(wordsOf(",a b,;c;", ",; ") == Views{"a", "b", "c"});
}

}  // namespace
}  // namespace wss
