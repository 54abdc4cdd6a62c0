// SPDX-License-Identifier: MIT
// What the answers look like as a whole is in http/upgrade_test.cc; here is what depends on the
// status.
#include "http/answer.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "http/header.h"

namespace wss::http {
namespace {

std::string rejection(int status, std::string_view reason, std::string_view extraHeaders) {
  ByteQueue out;
  appendRejection(out, status, reason, extraHeaders);
  return std::string(textOf(out.bytes()));
}

/// The header lines of an answer.
std::string_view headersOf(std::string_view answer) {
  takeUntil(answer, kLineEnd);
  return answer.substr(0, answer.find("\r\n\r\n") + kLineEnd.size());
}

TEST_CASE("every refusal has a status line, closes, and ends after its body") {
  struct Row {
    int status;
    std::string_view line;
  };
  const Row rows[] = {
      {200, "HTTP/1.1 200 "},
      {400, "HTTP/1.1 400 Bad Request"},
      {401, "HTTP/1.1 401 Unauthorized"},
      {403, "HTTP/1.1 403 Forbidden"},
      {404, "HTTP/1.1 404 Not Found"},
      {405, "HTTP/1.1 405 Method Not Allowed"},
      {408, "HTTP/1.1 408 Request Timeout"},
      {414, "HTTP/1.1 414 URI Too Long"},
      {426, "HTTP/1.1 426 Upgrade Required"},
      {429, "HTTP/1.1 429 Too Many Requests"},
      {431, "HTTP/1.1 431 Request Header Fields Too Large"},
      {500, "HTTP/1.1 500 Internal Server Error"},
      {503, "HTTP/1.1 503 Service Unavailable"},
      {505, "HTTP/1.1 505 HTTP Version Not Supported"},
      {599, "HTTP/1.1 599 "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status);
    const std::string answer = rejection(row.status, "Why so.", "X-Reason: none\r\n");
    CHECK(answer.substr(0, answer.find(kLineEnd)) == row.line);
    const std::string_view headers = headersOf(answer);
    CHECK(isValidHeaderBlock(headers));
    CHECK(listHasToken(findHeader(headers, "Connection"), "close"));
    CHECK(findHeader(headers, "Content-Length") == "7");
    CHECK(findHeader(headers, "Date").ends_with(" GMT"));
    CHECK(findHeader(headers, "X-Reason") == "none");
    CHECK(answer.ends_with("\r\n\r\nWhy so."));
    CHECK((findHeader(headers, "Allow") == "GET") == (row.status == 405));
    CHECK((findHeader(headers, "Sec-WebSocket-Version") == "13") == (row.status == 426));
    CHECK((findHeader(headers, "Upgrade") == "websocket") == (row.status == 426));
  }
}

TEST_CASE("dates") {
  // The example of RFC 9110 §5.6.7, and some that need zeros.
  CHECK(dateText(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(dateText(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(dateText(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(dateText(1798761599) == "Thu, 31 Dec 2026 23:59:59 GMT");
}

TEST_CASE("what the application says replaces what the server would have said") {
  const std::string own =
      "content-type: text/html\r\nDATE: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: GET, HEAD\r\n";
  CHECK(rejection(405, "<p>", own) ==
        "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 3\r\n" + own +
            "\r\n<p>");
  // Even by saying nothing.
  CHECK(rejection(403, "", "Content-Type:\r\nDate: x") ==
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\nContent-Type:\r\n"
        "Date: x\r\n\r\n");
}

TEST_CASE("what an application may say to a request") {
  const auto isAllowed = [](const Answer& answer) { return mistakeIn(answer).empty(); };
  const auto withLines = [&](int status, std::string_view lines) {
    return isAllowed({.status = status, .subProtocol = {}, .headers = lines, .body = {}});
  };
  for (const int status : {101, 200, 403, 599}) CHECK(withLines(status, ""));
  for (const int status : {-1, 0, 100, 102, 199, 600, 1101}) CHECK_FALSE(withLines(status, ""));
  CHECK_FALSE(withLines(403, "nonsense"));
  for (const std::string name : {"Connection", "content-length", "Transfer-ENCODING", "Upgrade",
                                 "Sec-WebSocket-Accept", "sec-websocket-", "Sec-WebSocket-X"}) {
    CAPTURE(name);
    CHECK_FALSE(withLines(101, "A: b\r\n" + name + ": x"));
    CHECK_FALSE(withLines(403, name + ":\r\nA: b\r\n"));
    CHECK(withLines(403, "X-" + name + ": x"));
  }
  CHECK(withLines(403, "Date: x\r\nContent-Type: y\r\nSec-WebSocket: z\r\n"));

  const auto withBody = [&](int status, std::string_view body) {
    return isAllowed({.status = status, .subProtocol = {}, .headers = {}, .body = body});
  };
  for (const int status : {200, 403, 599}) CHECK(withBody(status, "x"));
  for (const int status : {101, 204, 205, 304}) {
    CAPTURE(status);
    CHECK(withBody(status, ""));
    CHECK_FALSE(withBody(status, "x"));
  }
}

TEST_CASE("a status that has no content, but would have a body") {
  const std::string answer = rejection(205, "Why so.", "");
  CHECK(answer.ends_with("\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
}

TEST_CASE("answers that have no content say nothing about it") {
  for (const int status : {204, 304}) {
    CAPTURE(status);
    const std::string answer = rejection(status, "Why so.", "A: b");
    CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " \r\nDate: "));
    CHECK(answer.ends_with(" GMT\r\nConnection: close\r\nA: b\r\n\r\n"));
  }
}

TEST_CASE("an empty reason is a body of no bytes") {
  const std::string answer = rejection(404, "", "");
  CHECK(findHeader(headersOf(answer), "Content-Length") == "0");
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("answers are added to what is there") {
  ByteQueue out;
  out.append("before");
  appendSwitchingProtocols(out, "dGhlIHNhbXBsZSBub25jZQ==", "", "", "");
  CHECK(textOf(out.bytes()).starts_with("beforeHTTP/1.1 101 "));
}

}  // namespace
}  // namespace wss::http
