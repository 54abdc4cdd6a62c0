// SPDX-License-Identifier: MIT
#include "http/packed_head.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "http/upgrade.h"
#include "reference.h"

namespace wss::http {
namespace {

constexpr std::string_view kBrowser =
    "Host: server.example.com\r\nConnection: Upgrade\r\nPragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n"
    "Upgrade: websocket\r\nOrigin: https://www.example.com\r\nSec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nCookie: a=b; c=d\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

void roundTrip(std::string_view uri, std::string_view headers) {
  CAPTURE(uri);
  CAPTURE(headers);
  test::ExactBuffer exactUri(bytesOf(uri));
  test::ExactBuffer exactHeaders(bytesOf(headers));
  const PackedHead head(exactUri.text(), exactHeaders.text());
  CHECK_FALSE(head.empty());
  CHECK(head.uri() == uri);
  CHECK(head.headers() == headers);
}

TEST_CASE("a packed head says what it was given") {
  const std::string_view rows[] = {
      "",
      kBrowser,
      "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
      // Other letter case, other white space: not the phrases, but nearly.
      "host: a\r\nHOST: b\r\nHost:c\r\nHost:  d\r\nHost: \r\nHost:\r\n",
      "upgrade: websocket\r\nUpgrade: WebSocket\r\nUpgrade:websocket\r\nUpgrade: websocket \r\n",
      "Connection: Upgrade, keep-alive\r\nConnection: keep-alive, Upgrade\r\n",
      "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Version: 13 \r\nSec-WebSocket-Version: 131\r\n",
      "Sec-WebSocket-Extensions: permessage-deflate\r\n",
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; x\r\n",
      "Origin: null\r\nOrigin: http\r\nOrigin: https://a\r\nOrigin: HTTP://a\r\n",
      "User-Agent: Mozilla/5.0 (\r\nUser-Agent: Mozilla/5.0\r\nUser-Agent: x\r\n",
      // The same lines many times, and phrases where they are not the start of a line.
      "Host: a\r\nHost: a\r\nHost: a\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n",
      "X: Host: a\r\nY: Upgrade: websocket\r\nX-Host: b\r\n",
      // HTAB is the one control character that a head may have.
      "A:\tb\t\r\nHost: \ta\tb\r\nSec-WebSocket-Key: \tx\r\n",
      "A: \xC3\xA4\xFF\x80\r\nHost: \xFF\r\n",
      "!#$%&'*+-.^_`|~9: x\r\n",
  };
  for (const std::string_view headers : rows) {
    for (const std::string_view uri : {"/", "/chat?a=b&c=%20", "http://server.example.com/x"}) {
      roundTrip(uri, headers);
    }
  }
}

TEST_CASE("huge heads") {
  const std::string longLine = "Cookie: " + std::string(1'000'000, 'c') + "\r\n";
  roundTrip("/" + std::string(1'000'000, 'u'), longLine + std::string(kBrowser) + longLine);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many.append("Host: a\r\nUpgrade: websocket\r\nX: y\r\n");
  roundTrip("/", many);
}

TEST_CASE("heads made of pieces of phrases") {
  // Every cut of a browser's head, with a line end put on: each phrase begun, and ended early.
  for (std::size_t cut = 1; cut < kBrowser.size(); ++cut) {
    std::string headers(kBrowser.substr(0, cut));
    const std::size_t lineStart = headers.rfind('\n') + 1;
    if (headers.find(':', lineStart) == std::string::npos || headers.back() == '\r') continue;
    headers.append("\r\n");
    roundTrip("/", headers);
    roundTrip("/", headers + std::string(kBrowser));
  }
}

TEST_CASE("what the parser accepts comes back from the packed head") {
  const std::string bytes = "GET /chat?x=1 HTTP/1.1\r\n" + std::string(kBrowser) + "\r\n";
  const ParseResult parsed = parseUpgrade(bytes, 0, {});
  REQUIRE(parsed.status == ParseResult::Status::kDone);
  const PackedHead head(parsed.request.uri, parsed.request.headers);
  CHECK(head.uri() == "/chat?x=1");
  CHECK(head.headers() == kBrowser);
}

TEST_CASE("a head is empty at first, and can be moved") {
  PackedHead head;
  CHECK(head.empty());
  CHECK(head.uri().empty());
  CHECK(head.headers().empty());
  head = PackedHead("/a", "Host: b\r\n");
  const PackedHead moved = std::move(head);
  CHECK(moved.uri() == "/a");
  CHECK(moved.headers() == "Host: b\r\n");
}

}  // namespace
}  // namespace wss::http
