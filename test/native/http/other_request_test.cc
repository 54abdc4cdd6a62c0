// SPDX-License-Identifier: MIT
// Requests that are no WebSocket upgrades, where there is somebody to hand them over to: what is
// given away, and what two servers could read in two ways.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/upgrade.h"
#include "reference.h"

namespace wss::http {
namespace {

using test::ExactBuffer;
using Status = ParseResult::Status;

constexpr int kGivenAway = 200;
constexpr int kUpgraded = 101;

/// The status for `text` that arrives in chunks; 0 if more is needed.
int judge(std::string_view text, std::size_t chunk, const Limits& limits) {
  ParseResult result;
  for (std::size_t seen = 0; seen < text.size() && result.status == Status::kNeedMore;) {
    ExactBuffer bytes(bytesOf(text.substr(0, seen + chunk)));
    result = parseUpgrade(bytes.text(), seen, limits, Others::kHandedOver);
    seen = bytes.bytes().size();
    if (result.status == Status::kOther) {
      CHECK(bytes.text().substr(0, result.consumed).ends_with("\r\n\r\n"));
    }
  }
  switch (result.status) {
    case Status::kNeedMore:
      return 0;
    case Status::kDone:
      return kUpgraded;
    case Status::kOther:
      return kGivenAway;
    case Status::kRejected:
      CHECK(result.reason.ends_with('.'));
      return result.httpStatus;
  }
  return -1;
}

void check(std::string_view text, int status, const Limits& limits = {}) {
  CAPTURE(text);
  CHECK(judge(text, text.size(), limits) == status);
  CHECK(judge(text, 1, limits) == status);
  CHECK(judge(text, 7, limits) == status);
}

/// A request with this line, a Host and these lines.
std::string request(std::string_view line, std::string_view lines = {}) {
  std::string text(line);
  return text.append("\r\nHost: localhost\r\n").append(lines).append("\r\n");
}

TEST_CASE("requests that are given away") {
  const std::string rows[] = {
      request("GET / HTTP/1.1"),
      request("GET /a?b=c|d HTTP/1.1", "Accept: */*\r\nCookie: a=\xE9\r\n"),
      request("HEAD / HTTP/1.1"),
      request("DELETE /a HTTP/1.1"),
      request("PROPFIND /a HTTP/1.1"),
      request("POST / HTTP/1.1", "Content-Length: 5\r\n") + "hello",
      request("POST / HTTP/1.1", "Content-Length: 0\r\n"),
      request("PUT / HTTP/1.1", "Content-Length: 999999999999999999\r\n"),
      request("PUT / HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
      request("PUT / HTTP/1.1", "Transfer-Encoding: gzip, Chunked\r\n"),
      request("PUT / HTTP/1.1", "Content-Length: 3\r\nExpect: 100-continue\r\n"),
      request("GET http://localhost/a HTTP/1.1"),
      request("OPTIONS * HTTP/1.1"),
      request("OPTIONS /a HTTP/1.1"),
      request("CONNECT example.com:443 HTTP/1.1"),
      request("CONNECT example.com:443 HTTP/1.1", "Content-Length: 0\r\n"),
      request("GET / HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"),
      request("POST / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n"),
      request("GET / HTTP/1.0"),
      "GET / HTTP/1.0\r\n\r\n",
      "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "\r\n" + request("GET / HTTP/1.1"),
  };
  for (const std::string& row : rows) check(row, kGivenAway);
}

TEST_CASE("what could be read in two ways is refused before") {
  struct Row {
    std::string text;
    int status;
  };
  const Row rows[] = {
      {request("POST / HTTP/1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: 5\r\ncontent-length: 5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: 5, 5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: +5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: -5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: 0x5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: 5 5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length:\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: 18446744073709551621\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length : 5\r\n"), 400},
      {request("POST / HTTP/1.1", "Content-Length: 5\r\n 5\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding:\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: identity\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: xchunked\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: chunked, gzip\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: chunked, chunked\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: chunked;a=b\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: \"chunked\"\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: a, chunked\r\n"), 400},
      {request("POST / HTTP/1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
       400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {request("CONNECT example.com:443 HTTP/1.1", "Content-Length: 1\r\n"), 400},
      {request("CONNECT /path HTTP/1.1"), 400},
      {request("GET * HTTP/1.1"), 400},
      {request("GET a HTTP/1.1"), 400},
      {request("GET /#a HTTP/1.1"), 400},
      {request("GET /\xE9 HTTP/1.1"), 400},
      {request("GET http:// HTTP/1.1"), 400},
      {request("GET http://a|b/ HTTP/1.1"), 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {request("GET / HTTP/1.1", "Host: localhost\r\n"), 400},
      {request("GET / HTTP/1.1", "A\r\n"), 400},
      {request("GET / HTTP/1.1", "A: \x01\r\n"), 400},
      {request("G(T / HTTP/1.1"), 400},
      {request("GET / HTTP/2.0"), 505},
      {request("GET / HTTP/1.2"), 505},
      {request("GET / HTTP/0.9"), 505},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400},
  };
  for (const Row& row : rows) check(row.text, row.status);
}

TEST_CASE("who asks for a WebSocket is judged as ever") {
  constexpr std::string_view kLines =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const auto with = [&](std::string_view lines) { return std::string(kLines).append(lines); };
  check(request("GET / HTTP/1.1", kLines), kUpgraded);
  check(request("GET / HTTP/1.2", kLines), kUpgraded);
  check(request("GET / HTTP/1.0", kLines), 505);
  check(request("POST / HTTP/1.1", kLines), 405);
  check(request("GET / HTTP/1.1", with("Content-Length: 1\r\n")), 400);
  check(request("GET / HTTP/1.1", with("Content-Length: 1\r\nContent-Length: 0\r\n")), 400);
  check(request("GET / HTTP/1.1", with("Transfer-Encoding: chunked\r\n")), 400);
  check(request("GET / HTTP/1.1", "Upgrade: websocket\r\n"), 400);
  check(request("GET / HTTP/1.1", "Upgrade: h2c, WebSocket\r\n"), 400);
}

TEST_CASE("the limits of a head hold for all") {
  const std::string long_(100, 'a');
  check("GET /" + long_, 414, {.headSize = 64});
  check("GET / HTTP/1.1\r\nA: " + long_, 431, {.headSize = 64});
  check(request("GET / HTTP/1.1", "A: b\r\n"), kGivenAway, {.headers = 2});
  check(request("GET / HTTP/1.1", "A: b\r\nC: d\r\n"), 431, {.headers = 2});
}

}  // namespace
TEST_CASE("what is wrong with an upgrade alone can be handed over too, its framing never") {
  const std::string upgrade = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n";
  const auto statusOf = [&](const std::string& lines) {
    return parseUpgrade(upgrade + lines + "\r\n", 0, Limits{}, Others::kMistakesToo).status;
  };
  const std::string rest =
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  CHECK(statusOf(rest) == Status::kDone);
  CHECK(statusOf("") == Status::kOther);
  CHECK(statusOf(rest + "Sec-WebSocket-Protocol: a, a\r\n") == Status::kOther);
  CHECK(statusOf(rest + "Content-Length: 1\r\n") == Status::kRejected);
  CHECK(statusOf("Host: b\r\n") == Status::kRejected);
}

}  // namespace wss::http
