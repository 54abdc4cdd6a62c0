// SPDX-License-Identifier: MIT
#include "http/client_handshake.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/header.h"
#include "http/upgrade.h"
#include "reference.h"

namespace wss::http {
namespace {

using Status = ClientAnswer::Status;
using test::ExactBuffer;

// RFC 6455 §1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kOffered = "chat, superchat";
constexpr std::string_view kStatusLine = "HTTP/1.1 101 Switching Protocols\r\n";
constexpr std::string_view kUpgrade = "Upgrade: websocket\r\n";
constexpr std::string_view kConnection = "Connection: Upgrade\r\n";
constexpr std::string_view kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

std::string join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part);
  return text;
}

/// A good answer with these lines added.
std::string with(std::string_view lines) {
  return join({kStatusLine, kUpgrade, kConnection, kAccept, lines, "\r\n"});
}

ClientAnswer parse(std::string_view text, bool deflate = false) {
  ClientRequest request;
  request.subProtocols = kOffered;
  request.deflate = deflate;
  return parseClientAnswer(text, kKey, request);
}

TEST_CASE("what may be answered to an offer of permessage-deflate") {
  struct Row {
    std::string_view answer;
    bool agreed;
    bool valid;
  };
  constexpr Row kRows[] = {
      {"", false, true},
      {"permessage-deflate; server_no_context_takeover", true, true},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", true, true},
      {"permessage-deflate; server_no_context_takeover; server_max_window_bits=9", true, true},
      {"permessage-deflate", false, false},
      {"permessage-deflate; server_no_context_takeover; client_max_window_bits=9", false, false},
      {"x-webkit-deflate-frame", false, false},
      {"permessage-deflate; server_no_context_takeover, other", false, false},
      {"permessage-deflate; ;", false, false},
      {"permessage-deflate; server_no_context_takeover; server_max_window_bits=8", true, true},
      {"permessage-deflate; server_no_context_takeover; server_max_window_bits=7", false, false},
      {"permessage-deflate; server_no_context_takeover; server_max_window_bits", false, false},
      {"permessage-deflate; server_no_context_takeover; server_max_window_bits=9; "
       "server_max_window_bits=9",
       false, false},
      {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", false, false},
      {"permessage-deflate; server_no_context_takeover=1", false, false},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover=1", false,
       false},
      {"permessage-deflate; server_no_context_takeover; client_max_window_bits=15", false, false},
      {"permessage-deflate; server_no_context_takeover; unheard_of", false, false},
      {"permessage-deflate; server_no_context_takeover, permessage-deflate", false, false},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.answer);
    const std::string line = row.answer.empty()
                                 ? std::string()
                                 : join({"Sec-WebSocket-Extensions: ", row.answer, "\r\n"});
    const ClientAnswer offered = parse(with(line), true);
    CHECK((offered.status == ClientAnswer::Status::kDone) == row.valid);
    CHECK((row.valid && offered.deflate) == row.agreed);
    const ClientAnswer unoffered = parse(with(line));
    CHECK((unoffered.status == ClientAnswer::Status::kDone) == row.answer.empty());
  }
}

TEST_CASE("answers, whole and cut at each place") {
  struct Row {
    std::string_view name;
    std::string text;
    Status status;
    int httpStatus;
    std::string_view subProtocol;
  };
  const Row rows[] = {
      {"plain", with(""), Status::kDone, 0, ""},
      {"no phrase", join({"HTTP/1.1 101\r\n", kUpgrade, kConnection, kAccept, "\r\n"}),
       Status::kDone, 0, ""},
      {"any case, in lists",
       join({kStatusLine, "UPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n", kAccept,
             "\r\n"}),
       Status::kDone, 0, ""},
      {"a subprotocol", with("Sec-WebSocket-Protocol: superchat\r\n"), Status::kDone, 0,
       "superchat"},
      {"frames behind it", with("") + "\x81\x01x", Status::kDone, 0, ""},
      {"refused", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", Status::kRefused,
       503, ""},
      {"refused with a body", "HTTP/1.1 404 Not Found\r\n\r\nnone", Status::kRefused, 404, ""},
      {"another protocol", "SSH-2.0-OpenSSH\r\n", Status::kInvalid, 0, ""},
      {"HTTP/1.0", "HTTP/1.0 101 Ok\r\n\r\n", Status::kInvalid, 0, ""},
      {"status of four digits", "HTTP/1.1 1010 Ok\r\n\r\n", Status::kInvalid, 0, ""},
      {"status of letters", "HTTP/1.1 1O1 Ok\r\n\r\n", Status::kInvalid, 0, ""},
      {"status too small", "HTTP/1.1 099 Ok\r\n\r\n", Status::kInvalid, 0, ""},
      {"no Upgrade", join({kStatusLine, kConnection, kAccept, "\r\n"}), Status::kInvalid, 0, ""},
      {"no Connection", join({kStatusLine, kUpgrade, kAccept, "\r\n"}), Status::kInvalid, 0, ""},
      {"no Accept", join({kStatusLine, kUpgrade, kConnection, "\r\n"}), Status::kInvalid, 0, ""},
      {"another key's Accept",
       join({kStatusLine, kUpgrade, kConnection,
             "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n"}),
       Status::kInvalid, 0, ""},
      {"an extension", with("Sec-WebSocket-Extensions: permessage-deflate\r\n"), Status::kInvalid,
       0, ""},
      {"a subprotocol not offered", with("Sec-WebSocket-Protocol: mqtt\r\n"), Status::kInvalid, 0,
       ""},
      {"a malformed line", with("no colon\r\n"), Status::kInvalid, 0, ""},
      {"a head too large", join({kStatusLine, "X: ", std::string(16384, 'x'), "\r\n\r\n"}),
       Status::kInvalid, 0, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ExactBuffer whole(bytesOf(row.text));
    const ClientAnswer answer = parse(whole.text());
    CHECK(answer.status == row.status);
    CHECK(answer.httpStatus == row.httpStatus);
    CHECK(answer.subProtocol == row.subProtocol);
    CHECK(answer.reason.ends_with('.') == (row.status == Status::kInvalid));
    if (answer.status == Status::kDone) {
      CHECK(whole.text().substr(0, answer.consumed).ends_with("\r\n\r\n"));
    }
    // A beginning says either nothing yet or the same.
    for (std::size_t size = 0; size < std::min<std::size_t>(row.text.size(), 400); ++size) {
      ExactBuffer beginning(bytesOf(std::string_view(row.text).substr(0, size)));
      const Status status = parse(beginning.text()).status;
      REQUIRE((status == Status::kNeedMore || status == row.status));
    }
  }
}

TEST_CASE("the request is one that our own server's side accepts") {
  ByteQueue out;
  appendClientRequest(out, {"/chat?x=1", "example.com:8080", "chat, superchat", true, "X-Id: 7"},
                      kKey);
  const ParseResult result = parseUpgrade(textOf(out.bytes()), 0, {});
  REQUIRE(result.status == ParseResult::Status::kDone);
  CHECK(result.consumed == out.size());
  CHECK(result.request.uri == "/chat?x=1");
  CHECK(result.request.host == "example.com:8080");
  CHECK(findHeader(result.request.headers, "Sec-WebSocket-Key") == kKey);
  CHECK(result.request.subProtocols == kOffered);
  CHECK(result.request.extensions ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  CHECK(findHeader(result.request.headers, "X-Id") == "7");
}

}  // namespace
}  // namespace wss::http
