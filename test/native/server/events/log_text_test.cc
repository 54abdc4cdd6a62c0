// SPDX-License-Identifier: MIT
#include "server/events/log_text.h"

#include <doctest/doctest.h>

#include <string_view>

#include "server_fixture.h"

namespace wss::server {
namespace {

using test::Event;
using test::Peer;
using test::ServerFixture;

TEST_CASE("what is not seen as it is becomes an escape") {
  struct Row {
    std::string_view text;
    std::string_view shown;
  };
  const Row rows[] = {
      {"", ""},
      {"plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80",
       "plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"a\r\nb\tc", "a\\r\\nb\\tc"},
      {std::string_view("\0\x1B[31m\x7F", 7), "\\x00\\x1B[31m\\x7F"},
      {"\xC2\x9B\x31m", "\\u009B1m"},
      {"\xC2\xA0", "\xC2\xA0"},
      {"\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\x8F", "\\u2028\\u202E\\u2066\\u200F"},
      {"\xE2\x80", "\xE2\x80"},
      {"\xC2", "\xC2"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.shown);
    CHECK(visible(row.text) == row.shown);
  }
}

TEST_CASE("query parameters that are secrets") {
  struct Row {
    std::string_view target;
    std::string_view shown;
  };
  const Row rows[] = {
      {"/", "/"},
      {"/token=1", "/token=1"},
      {"/a?", "/a?"},
      {"/a?b=c&d", "/a?b=c&d"},
      {"/a?token=secret", "/a?token=***"},
      {"/a?x=1&ACCESS_Token=s%3D=&y=2", "/a?x=1&ACCESS_Token=***&y=2"},
      {"/a?tok%65n=secret&a%20b=1", "/a?tok%65n=***&a%20b=***"},
      {"/a?key=1&monkey=2&sig=3&&pwd=", "/a?key=***&monkey=2&sig=***&&pwd=***"},
      {"http://h/?password=p?q&token", "http://h/?password=***&token"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CHECK(maskedTarget(row.target) == row.shown);
  }
}

TEST_CASE("headers that are secrets") {
  struct Row {
    std::string_view line;
    std::string_view shown;
  };
  const Row rows[] = {
      {"Host: a", "Host: a"},
      {"authorization: Basic dTpw", "authorization: ***"},
      {"Proxy-Authorization:x", "Proxy-Authorization: ***"},
      {"Cookie: a=b; c=d", "Cookie: ***"},
      {"X-Api-Key: 1", "X-Api-Key: ***"},
      {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
      {"Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"},
      {"Sec-WebSocket-Protocol: chat, bearer.abc", "Sec-WebSocket-Protocol: ***"},
      {"X-Original-URI: /a?token=secret", "X-Original-URI: /a?token=***"},
      {"Sec-CH-UA-Mobile: ?0", "Sec-CH-UA-Mobile: ?0"},
      {"no colon, but a token", "no colon, but a token"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(maskedHeader(row.line) == row.shown);
  }
}

TEST_CASE("nobody pays for a Log that nobody reads") {
  for (const bool listens : {false, true}) {
    ServerFixture fixture;
    fixture.options().logLevel = 3;
    if (listens) fixture.alsoWant(EventKind::kLog);
    Peer peer(fixture.port());
    fixture.open(peer);
    CHECK((fixture.count(EventKind::kLog) > 0) == listens);
  }
}

}  // namespace
}  // namespace wss::server
