// SPDX-License-Identifier: MIT
// What the application is asked before a connection is open, and what its answers do.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "http/header.h"
#include "server_fixture.h"

namespace wss::test {
namespace {

using ws::Opcode;

TEST_CASE("the questions say who asks for what") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kConnectionRequest);
  fixture.alsoWant(EventKind::kWebSocketOpenRequest);
  Peer peer(fixture.port());
  const std::string lines =
      "Origin: http://a.example\r\nSec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: y\r\n"
      "Sec-WebSocket-Extensions: e; f\r\n";
  peer.send(request(lines) + masked(Opcode::kText, "early"));
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kConnectionRequest) == 1; }));
  const Event asked = fixture.last(EventKind::kConnectionRequest);
  CHECK(asked.payload == "127.0.0.1");
  CHECK(asked.value == fixture.server().find(asked.id)->remote().port);
  CHECK(fixture.server().find(asked.id)->request().empty());

  // Nothing is read before the answer.
  for (int i = 0; i < 3; ++i) fixture.turn();
  CHECK(fixture.events.size() == 1);
  fixture.outbox.answerConnection(asked.id, true);
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kWebSocketOpenRequest) == 1; }));
  const Event open = fixture.last(EventKind::kWebSocketOpenRequest);
  CHECK(open.id == asked.id);
  const std::vector<std::string> parts = fieldsIn(open.payload);
  REQUIRE(parts.size() == 6);
  CHECK(parts[0] == "/chat");
  CHECK(parts[1] == "server.example.com");
  CHECK(parts[2] == "http://a.example");
  CHECK(parts[3] == "x, y");
  CHECK(parts[4] == "e; f");
  CHECK(parts[5].starts_with("Host: "));
  CHECK(parts[5].ends_with(lines));

  for (int i = 0; i < 3; ++i) fixture.turn();
  CHECK(fixture.events.size() == 2);
  CHECK(peer.received().empty());
  CHECK(fixture.server().connectedCount() == 0);
  // An answer that is not the one which is due changes nothing.
  fixture.outbox.answerConnection(open.id, false);
  // The answer and the first message may come in one batch.
  fixture.outbox.answerOpen(open.id, 101, "y", "X-A: b");
  fixture.outbox.text(open.id, "first");
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == 1; }));
  CHECK(fixture.last(EventKind::kDataIn).payload == "early");
  const std::string& received = peer.received();
  CHECK(received.starts_with("HTTP/1.1 101 "));
  CHECK(received.ends_with("\r\n\r\n" + plain(Opcode::kText, "first")));
  CHECK(http::findHeader(received, "X-A") == "b");
  CHECK(http::findHeader(received, "Sec-WebSocket-Protocol") == "y");
  CHECK(fixture.server().connectedCount() == 1);
  fixture.outbox.answerOpen(open.id, 403);
  fixture.turn();
  CHECK(fixture.server().find(open.id)->isOpen());
}

TEST_CASE("answers to a request") {
  struct Row {
    std::string_view name;
    int status;
    std::string_view subProtocol;
    std::string_view headers;
    int answered;
    std::string_view chosen;
    std::optional<std::string_view> body = std::nullopt;
  };
  const Row rows[] = {
      {"accepted", 101, "", "", 101, ""},
      {"the first offered", 101, "a", "", 101, "a"},
      {"the last offered", 101, "b", "", 101, "b"},
      {"one that was not offered", 101, "c", "", 101, ""},
      {"in another case", 101, "A", "", 101, ""},
      {"all of them, untouched", 101, "a, b", "", 101, ""},
      {"with lines", 101, "", "A: b\r\nC: d\r\n", 101, ""},
      {"with a line break in disguise", 101, "", "A: b\nC: d", 500, ""},
      {"with an empty line", 101, "", "A: b\r\n\r\nC: d", 500, ""},
      {"with no line", 403, "", "nonsense", 500, ""},
      {"refused", 403, "", "", 403, ""},
      {"refused with lines", 401, "", "WWW-Authenticate: Basic", 401, ""},
      {"lowest", 200, "", "", 200, ""},
      {"highest", 599, "", "", 599, ""},
      {"too high", 600, "", "", 500, ""},
      {"not final", 100, "", "", 500, ""},
      {"just below", 199, "", "", 500, ""},
      {"no status", 0, "", "", 500, ""},
      {"framed by itself", 403, "", "Content-Length: 3", 500, ""},
      {"with what is negotiated", 101, "", "Sec-WebSocket-Extensions: x", 500, ""},
      {"with a body", 403, "", "Content-Type: text/html", 403, "", "<p>Sorry.</p>"},
      {"with an empty body", 403, "", "", 403, "", ""},
      {"accepted with an empty body", 101, "", "", 101, "", ""},
      {"accepted with a body", 101, "", "", 500, "", "x"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ServerFixture fixture;
    fixture.alsoWant(EventKind::kWebSocketOpenRequest);
    fixture.onEvent = [&](const Event& event) {
      if (event.kind != EventKind::kWebSocketOpenRequest) return;
      fixture.outbox.answerOpen(event.id, row.status, row.subProtocol, row.headers, row.body);
    };
    Peer peer(fixture.port());
    peer.send(request("Sec-WebSocket-Protocol: a, b\r\n"));
    REQUIRE(fixture.until([&] { return peer.received().find("\r\n\r\n") != std::string::npos; }));
    const std::string& answer = peer.received();
    CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(row.answered) + " "));
    CHECK(http::findHeader(answer, "Sec-WebSocket-Protocol") == row.chosen);
    const bool invalid = row.answered == 500;
    CHECK(fixture.count(EventKind::kError) == (invalid ? 1 : 0));
    if (invalid) CHECK(fixture.last(EventKind::kError).value == 10022);
    if (!invalid && !row.headers.empty()) {
      CHECK(answer.find("\r\n" + std::string(row.headers)) != std::string::npos);
    }
    if (row.answered == 101) {
      CHECK(fixture.count(EventKind::kConnected) == 1);
      continue;
    }
    REQUIRE(fixture.until([&] { return peer.ended(); }));
    CHECK_FALSE(peer.wasReset());
    const std::string_view body = invalid    ? "The application's answer was invalid"
                                  : row.body ? *row.body
                                             : "Refused by the application";
    CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == body);
    CHECK(fixture.count(EventKind::kForgotten) == 0);
    peer.close();
    REQUIRE(fixture.until([&] { return fixture.count(EventKind::kForgotten) == 1; }));
    CHECK(fixture.count(EventKind::kDisconnected) == 0);
    fixture.server().stopListening();
    CHECK(fixture.server().isIdle());
  }
}

TEST_CASE("where nobody is asked, one subprotocol is agreed on, and of several none") {
  struct Row {
    std::string_view offered;
    std::string_view chosen;
  };
  for (const Row& row : {Row{"a", "a"}, Row{", a,", "a"}, Row{"a, b", ""}, Row{",", ""}}) {
    ServerFixture fixture;
    Peer peer(fixture.port());
    peer.send(request("Sec-WebSocket-Protocol: " + std::string(row.offered) + "\r\n"));
    REQUIRE(fixture.until([&] { return !peer.received().empty(); }));
    CHECK(http::findHeader(peer.received(), "Sec-WebSocket-Protocol") == row.chosen);
  }
}

TEST_CASE("a connection may be refused before it has said anything") {
  ServerFixture fixture;
  fixture.alsoWant(EventKind::kConnectionRequest);
  fixture.onEvent = [&](const Event& event) {
    if (event.kind != EventKind::kConnectionRequest) return;
    fixture.outbox.answerConnection(event.id, false);
    fixture.outbox.answerConnection(event.id, true);
  };
  Peer peer(fixture.port());
  REQUIRE(fixture.until([&] { return peer.ended(); }));
  CHECK(peer.received().empty());
  REQUIRE(fixture.until([&] { return fixture.count(EventKind::kForgotten) == 1; }));
  CHECK(fixture.last(EventKind::kForgotten).id == fixture.events[0].id);
  CHECK(fixture.server().find(fixture.events[0].id) == nullptr);
}

TEST_CASE("whoever goes while being asked about is forgotten, and the answer comes to nothing") {
  for (const EventKind question :
       {EventKind::kConnectionRequest, EventKind::kWebSocketOpenRequest}) {
    ServerFixture fixture;
    fixture.alsoWant(question);
    Peer peer(fixture.port());
    peer.send(request());
    REQUIRE(fixture.until([&] { return fixture.count(question) == 1; }));
    const std::int32_t id = fixture.last(question).id;
    peer.reset();
    REQUIRE(fixture.until([&] { return fixture.count(EventKind::kForgotten) == 1; }));
    CHECK(fixture.last(EventKind::kForgotten).id == id);
    fixture.outbox.answerConnection(id, true);
    fixture.outbox.answerOpen(id, 101);
    fixture.turn();
    CHECK(fixture.count(EventKind::kConnected) == 0);
    CHECK(fixture.count(EventKind::kDisconnected) == 0);
    fixture.server().stopListening();
    CHECK(fixture.server().isIdle());
  }
}

TEST_CASE("requests that are none are refused, and what follows them is not read as frames") {
  struct Row {
    std::string_view name;
    std::string bytes;
    int status;
  };
  const Row rows[] = {
      {"another protocol", "\x16\x03\x01\x02", 400},
      {"an ordinary GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426},
      {"another method", "POST / HTTP/1.1\r\nHost: a\r\n\r\nbody", 405},
      {"too many lines", request("A: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n"), 431},
      {"too long", request("A: " + std::string(600, 'a') + "\r\n"), 431},
      {"too long a target", "GET /" + std::string(600, 'a'), 414},
  };
  for (const std::size_t chunk : {std::size_t{1000}, std::size_t{1}}) {
    for (const Row& row : rows) {
      CAPTURE(row.name);
      CAPTURE(chunk);
      ServerFixture fixture;
      fixture.options().maxRequestHeaders = 10;
      fixture.options().maxRequestHeaderSize = 512;
      Peer peer(fixture.port());
      std::string_view rest = row.bytes;
      while (!rest.empty()) {
        peer.send(rest.substr(0, chunk));
        rest.remove_prefix(std::min(chunk, rest.size()));
        fixture.turn();
      }
      peer.send(masked(Opcode::kText, "x"));
      REQUIRE(fixture.until([&] { return peer.ended(); }));
      CHECK_FALSE(peer.wasReset());
      CHECK(peer.received().starts_with("HTTP/1.1 " + std::to_string(row.status) + " "));
      peer.close();
      fixture.server().stopListening();
      CHECK(fixture.until([&] { return fixture.server().isIdle(); }));
      CHECK(fixture.events.empty());
    }
  }
}

}  // namespace
}  // namespace wss::test
