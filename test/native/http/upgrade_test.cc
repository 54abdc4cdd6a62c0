// SPDX-License-Identifier: MIT
#include "http/upgrade.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "http/answer.h"
#include "http/header.h"
#include "reference.h"

namespace wss::http {
namespace {

using test::ExactBuffer;
using Status = ParseResult::Status;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kGetLine = "GET /chat HTTP/1.1\r\n";
constexpr std::string_view kHost = "Host: server.example.com\r\n";
constexpr std::string_view kUpgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
constexpr std::string_view kKeyLine = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kVersionLine = "Sec-WebSocket-Version: 13\r\n";

std::string join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part);
  return text;
}

/// A good request with these lines added.
std::string with(std::string_view lines) {
  return join({kGetLine, kHost, kUpgrade, kKeyLine, kVersionLine, lines, "\r\n"});
}

/// A good request with another request line.
std::string startingWith(std::string_view line) {
  return join({line, "\r\n", kHost, kUpgrade, kKeyLine, kVersionLine, "\r\n"});
}

/// What a connection learns when `text` arrives in these pieces: the status (0 while more is
/// needed, 101 when done) and after how many bytes it was known.
struct Outcome {
  int status = 0;
  std::size_t received = 0;
  std::string uri;
};

Outcome deliver(std::string_view text, std::size_t chunk, std::size_t split, const Limits& limits) {
  Outcome outcome;
  std::size_t seen = 0;
  while (outcome.status == 0 && outcome.received < text.size()) {
    const std::size_t next = outcome.received < split ? split : outcome.received + chunk;
    outcome.received = std::min(next, text.size());
    ExactBuffer bytes(bytesOf(text.substr(0, outcome.received)));
    const ParseResult result = parseUpgrade(bytes.text(), seen, limits);
    seen = outcome.received;
    if (result.status == Status::kRejected) {
      outcome.status = result.httpStatus;
      CHECK(result.reason.ends_with('.'));
    }
    if (result.status == Status::kDone) {
      outcome.status = 101;
      outcome.uri = result.request.uri;
      CHECK(bytes.text().substr(0, result.consumed).ends_with("\r\n\r\n"));
    }
  }
  return outcome;
}

void replay(std::string_view name, std::string_view text, int status, std::size_t knownAt,
            const Limits& limits = {}) {
  CAPTURE(name);
  CHECK(deliver(text, text.size(), 0, limits).status == status);

  const Outcome byByte = deliver(text, 1, 0, limits);
  CHECK(byByte.status == status);
  CHECK(byByte.received == knownAt);

  for (std::size_t split = 1; split < text.size(); ++split) {
    REQUIRE(deliver(text, text.size(), split, limits).status == status);
  }
}

TEST_CASE("the request of RFC 6455 §1.2") {
  const std::string text =
      join({"GET /chat?x=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: ",
            kKey,
            "\r\nOrigin: http://example.com\r\n"
            "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n"
            "sec-websocket-protocol:third\t\r\nSec-WebSocket-Extensions: a; b=\"c\"\r\n"
            "Sec-WebSocket-Extensions: e\r\n\r\n\x81\x80"});
  ExactBuffer bytes(bytesOf(text));
  const ParseResult result = parseUpgrade(bytes.text(), 0, {});
  REQUIRE(result.status == Status::kDone);
  CHECK(result.consumed == text.size() - 2);
  const UpgradeRequest& request = result.request;
  CHECK(request.uri == "/chat?x=1");
  CHECK(request.host == "server.example.com");
  CHECK(request.origin == "http://example.com");
  CHECK(request.subProtocols == "chat, superchat, third");
  CHECK(request.extensions == "a; b=\"c\", e");
  CHECK(request.headers.starts_with("Host: server"));
  CHECK(request.headers.ends_with("s: e\r\n"));
  CHECK(isValidHeaderBlock(request.headers));
  CHECK(findHeader(request.headers, "SEC-websocket-protocol") == "chat, superchat");
  CHECK(joinHeaders(request.headers, "Sec-WebSocket-Protocol") == request.subProtocols);
  replay("the same, in pieces", text, 101, text.size() - 2);
}

TEST_CASE("the host is that of an absolute target, else the header's") {
  const std::string other = startingWith("GET http://other.example.com:81/a HTTP/1.1");
  CHECK(deliver(other, other.size(), 0, {}).status == 101);
  CHECK(parseUpgrade(other, 0, {}).request.host == "other.example.com:81");
  const std::string same = startingWith("GET /a HTTP/1.1");
  CHECK(parseUpgrade(same, 0, {}).request.host == "server.example.com");
}

TEST_CASE("subprotocols as they were offered, but for what is nothing") {
  const auto offered = [](std::string_view lines) {
    return parseUpgrade(with(lines), 0, {}).request.subProtocols;
  };
  CHECK(offered("Sec-WebSocket-Protocol: a,b, c\r\n") == "a,b, c");
  CHECK(offered("Sec-WebSocket-Protocol: , a, ,b,\r\n") == "a,b");
  CHECK(offered("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol:\r\n") == "a");
}

TEST_CASE("requests that are accepted") {
  struct Row {
    std::string_view name;
    std::string text;
    std::string_view uri;
  };
  const Row rows[] = {
      {"plain", with(""), "/chat"},
      {"absolute form", startingWith("GET HTTP://server.example.COM/a?b HTTP/1.1"),
       "HTTP://server.example.COM/a?b"},
      {"absolute form without a path", startingWith("GET https://server.example.com HTTP/1.1"),
       "https://server.example.com"},
      {"a higher minor version", startingWith("GET /a HTTP/1.2"), "/a"},
      {"lists with other tokens",
       join({kGetLine, kHost,
             "Upgrade: foo/2 , WebSocket\r\nConnection: keep-alive\r\n"
             "connection:,UPGRADE\r\n",
             kKeyLine, kVersionLine, "\r\n"}),
       "/chat"},
      {"no white space at all",
       join({"GET / HTTP/1.1\r\nHost:[::1]:80\r\nUpgrade:websocket\r\nConnection:Upgrade\r\n"
             "Sec-WebSocket-Key:",
             kKey, "\r\nSec-WebSocket-Version:13\r\n\r\n"}),
       "/"},
      {"white space around values", with("X: \t a\tb \t \r\n"), "/chat"},
      {"empty value", with("X:\r\n"), "/chat"},
      {"bytes above ASCII in a value", with("X: \xC3\xA4\xFF\r\n"), "/chat"},
      {"body of no bytes", with("Content-Length: 0\r\n"), "/chat"},
      {"odd names", with("!#$%&'*+-.^_`|~9: x\r\n"), "/chat"},
      {"subprotocols", with("Sec-WebSocket-Protocol: a,b ,\tc\r\n"), "/chat"},
      {"empty elements", with("Sec-WebSocket-Protocol: ,a, ,b,\r\n"), "/chat"},
      {"an empty list of subprotocols", with("Sec-WebSocket-Protocol:\r\n"), "/chat"},
      {"two empty lists of extensions",
       with("Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions:\r\n"), "/chat"},
      {"an empty line before", "\r\n" + with(""), "/chat"},
  };
  for (const Row& row : rows) {
    CHECK(deliver(row.text, row.text.size(), 0, {}).uri == row.uri);
    replay(row.name, row.text, 101, row.text.size());
  }
}

TEST_CASE("request lines that are refused as soon as they are there") {
  struct Row {
    std::string_view line;
    int status;
  };
  const Row rows[] = {
      {"GET", 400},
      {"GET /", 400},
      {"GET / ", 400},
      {" GET / HTTP/1.1", 400},
      {"GET  / HTTP/1.1", 400},
      {"GET /  HTTP/1.1", 400},
      {"GET / HTTP/1.1 ", 400},
      {"GET /a b HTTP/1.1", 400},
      {"GET / http/1.1", 400},
      {"GET / HTTP/1.", 400},
      {"GET / HTTP/1.10", 400},
      {"GET / HTTP/11", 400},
      {"G(T / HTTP/1.1", 400},
      {"GET\t/ HTTP/1.1", 400},
      {"GET /\t HTTP/1.1", 400},
      {"GET /\xC3\xA4 HTTP/1.1", 400},
      {"GET /#fragment HTTP/1.1", 400},
      {"GET chat HTTP/1.1", 400},
      {"GET * HTTP/1.1", 400},
      {"GET http:// HTTP/1.1", 400},
      {"GET http:///path HTTP/1.1", 400},
      {"GET ftp://server.example.com/ HTTP/1.1", 400},
      {"SSH-2.0-OpenSSH_9.2", 400},
      {"EHLO client.example.com", 400},
      {"POST / HTTP/1.1", 405},
      {"HEAD / HTTP/1.1", 405},
      {"get / HTTP/1.1", 405},
      {"OPTIONS * HTTP/1.1", 405},
      {"CONNECT server.example.com:80 HTTP/1.1", 405},
      {"GET / HTTP/1.0", 505},
      {"GET / HTTP/0.9", 505},
      {"GET / HTTP/2.0", 505},
      {"PRI * HTTP/2.0", 505},
  };
  for (const Row& row : rows) {
    replay(row.line, startingWith(row.line), row.status, row.line.size() + 2);
  }
}

TEST_CASE("what no request has is refused at the byte") {
  struct Row {
    std::string_view name;
    std::string text;
    std::size_t knownAt;
  };
  const Row rows[] = {
      {"greeting of TLS", "\x16\x03\x01", 1},
      {"NUL", join({"GET /", std::string_view("\0", 1), " HTTP/1.1\r\n"}), 6},
      {"DEL in a value", "GET / HTTP/1.1\r\nA: \x7F\r\n", 20},
      {"escape in a name", "GET / HTTP/1.1\r\n\x1B: a\r\n", 17},
      {"bare LF", "GET / HTTP/1.1\nHost: a\r\n", 15},
      {"bare LF at first", "\n", 1},
      {"bare LF after an empty line", "\r\n\n", 3},
      {"two empty lines", "\r\n\r\n", 4},
      {"an empty line, and no request", "\r\nGET\r\n", 7},
      {"bare CR", "GET / HTTP/1.1\r\nA: b\rc\r\n", 22},
      {"two CR", "GET / HTTP/1.1\r\r\n", 16},
      {"bare LF after the headers", "GET / HTTP/1.1\r\nA: b\r\n\n", 23},
  };
  for (const Row& row : rows) replay(row.name, row.text, 400, row.knownAt);
}

TEST_CASE("heads that are refused when they are complete") {
  struct Row {
    std::string_view name;
    std::string text;
    int status;
  };
  const Row rows[] = {
      {"folded line", with("A: b\r\n c\r\n"), 400},
      {"folded first line", join({kGetLine, " ", kHost, "\r\n"}), 400},
      {"space before the colon", with("A : b\r\n"), 400},
      {"no name", with(": b\r\n"), 400},
      {"no colon", with("A\r\n"), 400},
      {"name that is no token", with("A(b): c\r\n"), 400},
      {"no header", join({kGetLine, "\r\n"}), 400},
      {"no Host", join({kGetLine, kUpgrade, kKeyLine, kVersionLine, "\r\n"}), 400},
      {"empty Host", join({kGetLine, "Host: \r\n", kUpgrade, kKeyLine, kVersionLine, "\r\n"}), 400},
      {"Host that is none",
       join({kGetLine, "Host: a/b\r\n", kUpgrade, kKeyLine, kVersionLine, "\r\n"}), 400},
      {"two Hosts", with(kHost), 400},
      {"Host of the target that is none", startingWith("GET http://a|b/ HTTP/1.1"), 400},
      {"user in the target", startingWith("GET http://a@server.example.com/ HTTP/1.1"), 400},
      {"two Origins", with("Origin: a\r\nOrigin: a\r\n"), 400},
      {"Transfer-Encoding", with("Transfer-Encoding: identity\r\n"), 400},
      {"body", with("content-length: 1\r\n"), 400},
      {"body of no bytes, oddly", with("Content-Length: 00\r\n"), 400},
      {"lists of lengths", with("Content-Length: 0, 0\r\n"), 400},
      {"an ordinary GET", join({kGetLine, kHost, "\r\n"}), 426},
      {"upgrade to something else",
       join({kGetLine, kHost, "Upgrade: h2c, websocket2\r\nConnection: Upgrade\r\n", kKeyLine,
             kVersionLine, "\r\n"}),
       426},
      {"no Connection",
       join({kGetLine, kHost, "Upgrade: websocket\r\n", kKeyLine, kVersionLine, "\r\n"}), 400},
      {"Connection without Upgrade",
       join({kGetLine, kHost, "Upgrade: websocket\r\nConnection: Upgrades, up grade\r\n", kKeyLine,
             kVersionLine, "\r\n"}),
       400},
      {"no version", join({kGetLine, kHost, kUpgrade, kKeyLine, "\r\n"}), 426},
      {"version 8", join({kGetLine, kHost, kUpgrade, kKeyLine, "Sec-WebSocket-Version: 8\r\n\r\n"}),
       426},
      {"list of versions",
       join({kGetLine, kHost, kUpgrade, kKeyLine, "Sec-WebSocket-Version: 13, 8\r\n\r\n"}), 426},
      {"two versions", with(kVersionLine), 400},
      {"no key", join({kGetLine, kHost, kUpgrade, kVersionLine, "\r\n"}), 400},
      {"two keys", with(kKeyLine), 400},
      {"short key",
       join({kGetLine, kHost, kUpgrade, kVersionLine, "Sec-WebSocket-Key: dGhl\r\n\r\n"}), 400},
      {"key that is not Base64",
       join({kGetLine, kHost, kUpgrade, kVersionLine,
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ-==\r\n\r\n"}),
       400},
      {"subprotocol that is no token", with("Sec-WebSocket-Protocol: a b\r\n"), 400},
      {"a subprotocol twice", with("Sec-WebSocket-Protocol: a, b, a\r\n"), 400},
      {"a subprotocol twice, in two lines",
       with("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n"), 400},
  };
  for (const Row& row : rows) replay(row.name, row.text, row.status, row.text.size());
}

TEST_CASE("limits") {
  const std::string request = with("");
  const std::size_t size = request.size();
  replay("as large as may be", request, 101, size, {.headSize = size});
  replay("a byte too large", request, 431, size - 1, {.headSize = size - 1});
  replay("request line too long", request, 414, 10, {.headSize = 10});
  replay("as many lines as may be", request, 101, size, {.headers = 5});
  replay("a line too many", request, 431, size, {.headers = 4});
  const std::string later = "\r\n" + request;
  replay("an empty line, which counts", later, 101, later.size(), {.headSize = later.size()});
  replay("an empty line too many", later, 431, size + 1, {.headSize = size + 1});
  replay("request line too long, later", later, 414, 10, {.headSize = 10});
}

TEST_CASE("headers are found") {
  const std::string_view headers = "A: 1\r\nb:\t2 \r\nA: 3\r\n";
  CHECK(findHeader(headers, "a") == "1");
  CHECK(findHeader(headers, "B") == "2");
  CHECK(findHeader(headers, "c").empty());
  CHECK(findHeader("", "a").empty());
  CHECK(joinHeaders(headers, "a") == "1, 3");
  CHECK(joinHeaders(headers, "c").empty());
}

TEST_CASE("lists and tokens") {
  CHECK(listHasToken("chat, superchat", "superchat"));
  CHECK(listHasToken("chat", "chat"));
  CHECK_FALSE(listHasToken("chat, superchat", "super"));
  CHECK_FALSE(listHasToken("chat", "Chat"));
  CHECK_FALSE(listHasToken("", "chat"));
  CHECK(isToken("v1.chat~x"));
  for (const std::string_view text : {"", "a b", "a,b", "a\t", "a\"", "a/b", "\xC3\xA4", "a\x7F"}) {
    CAPTURE(text);
    CHECK_FALSE(isToken(text));
  }
}

TEST_CASE("header blocks that may go into an answer") {
  for (const std::string_view lines :
       {"", "A: b", "A: b\r\n", "A: b\r\nC: d", "A:", "A: \xC3\xA4\t"}) {
    CAPTURE(lines);
    CHECK(isValidHeaderBlock(lines));
  }
  for (const std::string_view lines :
       {"A", "A: b\r\n\r\n", "\r\n", "A: b\r\n\r\nC: d", "A: b\nC: d", "A: b\r", " A: b", "A : b",
        ": b", "A: \x01", "A: b\r\n c"}) {
    CAPTURE(lines);
    CHECK_FALSE(isValidHeaderBlock(lines));
  }
}

TEST_CASE("the answer of RFC 6455 §1.3") {
  CHECK(acceptValue(kKey) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  ByteQueue out;
  appendSwitchingProtocols(out, kKey, "", "", "");
  CHECK(textOf(out.bytes()) ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  for (const std::string_view extra : {"A: b", "A: b\r\n"}) {
    out.clear();
    appendSwitchingProtocols(out, kKey, "chat", "permessage-deflate", extra);
    CHECK(textOf(out.bytes())
              .ends_with("+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
                         "Sec-WebSocket-Extensions: permessage-deflate\r\nA: b\r\n\r\n"));
  }
}

TEST_CASE("answers that refuse") {
  struct Row {
    int status;
    std::string_view extra;
    std::string_view answer;
  };
  const Row rows[] = {
      {400, "",
       "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
       "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nNo."},
      {405, "",
       "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n"
       "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nNo."},
      {426, "",
       "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nContent-Type: text/plain; charset=utf-8\r\n"
       "Content-Length: 3\r\n\r\nNo."},
      {418, "A: b",
       "HTTP/1.1 418 \r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
       "Content-Length: 3\r\nA: b\r\n\r\nNo."},
  };
  for (const Row& row : rows) {
    ByteQueue out;
    appendRejection(out, row.status, "No.", row.extra);
    std::string answer(textOf(out.bytes()));
    const std::size_t date = answer.find("Date: ");
    REQUIRE(date != std::string::npos);
    answer.erase(date, answer.find("\r\n", date) + 2 - date);
    CHECK(answer == row.answer);
  }
}

}  // namespace
}  // namespace wss::http
