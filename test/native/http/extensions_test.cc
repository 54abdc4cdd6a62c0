// SPDX-License-Identifier: MIT
#include "http/extensions.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference.h"

namespace wss::http {
namespace {

/// The extensions in one spelling: every value quoted, no white space.
std::string spell(const std::vector<Extension>& extensions) {
  std::string text;
  for (const Extension& extension : extensions) {
    if (!text.empty()) text += ',';
    text += extension.name;
    for (const ExtensionParameter& parameter : extension.parameters) {
      text.append(";").append(parameter.name);
      if (parameter.value) text.append("='").append(*parameter.value).append("'");
    }
  }
  return text;
}

TEST_CASE("lists of extensions") {
  struct Row {
    std::string_view list;
    std::string_view spelled;
  };
  const Row rows[] = {
      {"", ""},
      {"a", "a"},
      {"a,b", "a,b"},
      {"a;b", "a;b"},
      {"a;b=c", "a;b='c'"},
      {"a;b;b=1;b=2,a", "a;b;b='1';b='2',a"},
      {" \ta\t; b = c , d ", "a;b='c',d"},
      {"a;b=\"c\"", "a;b='c'"},
      {"a; b = \"c\" ; d", "a;b='c';d"},
      {R"(a;b="\c\d")", "a;b='cd'"},
      {"!#$%&'*+-.^_`|~9;A=Z", "!#$%&'*+-.^_`|~9;A='Z'"},
      {",a", "a"},
      {"a,", "a"},
      {"a, ,\t,b", "a,b"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.list);
    test::ExactBuffer list(bytesOf(row.list));
    const auto extensions = parseExtensions(list.text());
    REQUIRE(extensions.has_value());
    CHECK(spell(*extensions) == row.spelled);
  }
}

TEST_CASE("lists that break the grammar") {
  for (const std::string_view row : {
           ",",
           " ",
           ";",
           "=",
           "a;",
           "a;;b",
           ";a",
           "a;,b",
           "a b",
           "a;b c",
           "a;b=c d",
           "a=b",
           "a;=b",
           "a;b=",
           "a;b=,c",
           "a;b==c",
           "a;b=c=d",
           "a/b",
           "(a)",
           "\"a\"",
           "a;\"b\"",
           "a;b=c\"d\"",
           "a;b=\"c\"d",
           "a;b=\"\"",
           "a;b=\"",
           "a;b=\"c",
           "a;b=\"c\\",
           "a;b=\"c\\\"",
           "a;b=\"c d\"",
           "a;b=\"c,d\"",
           "a;b=\"\\\"\"",
           "a;b='\"",
           "\xC3\xA4",
           "a;b=\xC3",
           "a;b=\"\xC3\"",
           "a\x01",
           "a,b;",
           "a,;b",
           "a:b",
           "a;b=\"c\" \"d\"",
       }) {
    CAPTURE(row);
    test::ExactBuffer list(bytesOf(row));
    CHECK_FALSE(parseExtensions(list.text()).has_value());
  }
}

}  // namespace
}  // namespace wss::http
