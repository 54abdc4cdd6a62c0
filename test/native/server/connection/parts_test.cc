// SPDX-License-Identifier: MIT
// Messages that are sent in parts, and who has to wait for them.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server_fixture.h"

namespace wss::test {
namespace {

using ws::Opcode;

std::string fragment(Opcode opcode, std::string_view payload, bool fin) {
  ByteQueue out;
  ws::appendFrame(out, opcode, fin, false, bytesOf(payload));
  return std::string(textOf(out.bytes()));
}

int codeOf(const Result<bool>& result) {
  return result.ok() ? 0 : static_cast<int>(result.error().code);
}

constexpr int kTokenForNone = 1;

struct Open {
  explicit Open(net::Loop::Clock clock = nullptr) : fixture(clock) {}

  ServerFixture fixture;
  Peer peer{fixture.port()};
  std::int32_t id = fixture.open(peer);

  Result<bool> part(Opcode opcode, std::string_view payload, bool last,
                    std::int32_t token = kTokenForNone) {
    return fixture.server().sendPart(id, opcode, bytesOf(payload), last, token);
  }
  Result<bool> message(Opcode opcode, std::string_view payload) {
    return fixture.server().send(id, opcode, bytesOf(payload), kTokenForNone);
  }
  server::Connection& connection() { return *fixture.server().find(id); }
  bool ready() { return connection().isReadyToSend(); }
  /// Parts of a message until something waits; returns how many there were.
  std::size_t fill(std::int32_t token) {
    const std::string payload(60'000, 'x');
    for (std::size_t count = 1;; ++count) {
      auto sent = part(count == 1 ? Opcode::kBinary : Opcode::kContinuation, payload, false,
                       token + static_cast<std::int32_t>(count));
      mustBe(sent.ok(), "a part was refused");
      if (!sent.value()) return count;
    }
  }
};

TEST_CASE("parts are fragments, and only control frames come between them") {
  Open open;
  CHECK(codeOf(open.part(Opcode::kText, "one ", false)) == 0);
  CHECK_FALSE(open.ready());
  CHECK(open.fixture.statusOf(open.id) == -open.id);
  CHECK(codeOf(open.message(Opcode::kText, "no")) == 10035);
  CHECK(codeOf(open.message(Opcode::kBinary, "no")) == 10035);
  CHECK(codeOf(open.part(Opcode::kText, "no", true)) == 10035);
  CHECK(codeOf(open.message(Opcode::kPing, "?")) == 0);
  CHECK(codeOf(open.part(Opcode::kContinuation, "", false)) == 0);
  CHECK(open.fixture.count(EventKind::kReadyToSend) == 1);
  CHECK(codeOf(open.part(Opcode::kContinuation, "two", true)) == 0);
  CHECK(open.ready());
  CHECK(open.fixture.statusOf(open.id) == open.id);
  CHECK(codeOf(open.message(Opcode::kText, "then")) == 0);

  const std::string expected = fragment(Opcode::kText, "one ", false) + plain(Opcode::kPing, "?") +
                               fragment(Opcode::kContinuation, "", false) +
                               fragment(Opcode::kContinuation, "two", true) +
                               plain(Opcode::kText, "then");
  CHECK(open.fixture.until([&] { return open.peer.received() == expected; }));
  CHECK(open.fixture.count(EventKind::kReadyToSend) == 2);
  CHECK(open.fixture.server().statistics().messagesOut == 2);
  CHECK(open.fixture.server().statistics().bytesOut == 11);
}

TEST_CASE("a message of one part is a message like any other") {
  Open open;
  CHECK(codeOf(open.part(Opcode::kBinary, "whole", true)) == 0);
  CHECK(
      open.fixture.until([&] { return open.peer.received() == plain(Opcode::kBinary, "whole"); }));
  CHECK(open.fixture.count(EventKind::kReadyToSend) == 1);
}

TEST_CASE("what is no part of a message") {
  Open open;
  CHECK(codeOf(open.part(Opcode::kContinuation, "nothing is open", true)) == 10022);
  CHECK(codeOf(open.part(Opcode::kPing, "", true)) == 10022);
  CHECK(codeOf(open.part(Opcode::kClose, "", true)) == 10022);
  CHECK(codeOf(open.fixture.server().sendPart(open.id + 1, Opcode::kText, {}, true, 1)) == 126);
  CHECK(codeOf(open.fixture.server().whenDrained(open.id + 1, 1)) == 126);
  CHECK(open.peer.take().empty());
}

TEST_CASE("the parts of a text are UTF-8 together, or refused without a trace") {
  Open open;
  CHECK(codeOf(open.part(Opcode::kText, "\xFF", true)) == 10022);
  CHECK(codeOf(open.part(Opcode::kText, "\xE4\xBD", true)) == 10022);
  CHECK(open.ready());
  CHECK(codeOf(open.part(Opcode::kText, "\xE4", false)) == 0);
  CHECK(codeOf(open.part(Opcode::kContinuation, "x", false)) == 10022);
  CHECK(codeOf(open.part(Opcode::kContinuation, "", true)) == 10022);
  CHECK(codeOf(open.part(Opcode::kContinuation, "\xBD\xA0", true)) == 0);
  CHECK(codeOf(open.part(Opcode::kBinary, "\xFF", false)) == 0);
  CHECK(codeOf(open.part(Opcode::kContinuation, "\xFF", true)) == 0);
  const std::string expected =
      fragment(Opcode::kText, "\xE4", false) + fragment(Opcode::kContinuation, "\xBD\xA0", true) +
      fragment(Opcode::kBinary, "\xFF", false) + fragment(Opcode::kContinuation, "\xFF", true);
  CHECK(open.fixture.until([&] { return open.peer.received() == expected; }));
}

TEST_CASE("a part that waits is settled when it has been taken, the queue with the last part") {
  Open open;
  open.fixture.events.clear();
  const auto waiting = static_cast<std::int32_t>(100 + open.fill(100));
  CHECK(codeOf(open.part(Opcode::kContinuation, "behind", false, 50)) == 0);
  CHECK_FALSE(open.fixture.server().whenDrained(open.id, 51).value());
  open.fixture.turn();
  CHECK(open.fixture.count(EventKind::kSettled) == 0);
  CHECK(open.fixture.until([&] {
    open.peer.take();
    return open.fixture.count(EventKind::kSettled) == 2;
  }));
  CHECK(open.fixture.events[0].token == waiting);
  CHECK(open.fixture.count(EventKind::kReadyToSend) == 0);
  CHECK_FALSE(open.fixture.server().whenDrained(open.id, 52).value());
  CHECK(codeOf(open.part(Opcode::kContinuation, "", true)) == 0);
  open.fixture.turn();
  CHECK(open.fixture.count(EventKind::kSettled) == 4);
  for (const Event& event : open.fixture.events) CHECK(event.value == 0);
  CHECK(open.fixture.count(EventKind::kReadyToSend) == 1);
  CHECK(open.fixture.server().whenDrained(open.id, 53).value());
}

TEST_CASE("ReadyToSend waits for both, the end of the message and room in the queue") {
  Open open;
  open.fixture.events.clear();
  open.fill(100);
  CHECK(codeOf(open.part(Opcode::kContinuation, "", true)) == 0);
  open.fixture.turn();
  CHECK(open.fixture.count(EventKind::kReadyToSend) == 0);
  CHECK_FALSE(open.ready());
  CHECK(open.fixture.until([&] {
    open.peer.take();
    return open.fixture.count(EventKind::kReadyToSend) == 1;
  }));
  CHECK(open.ready());
}

TEST_CASE("parts are queued up to MaxQueuedBytes") {
  Open open;
  open.fill(100);
  const std::string payload(100'000, 'x');
  int code = 0;
  for (int count = 0; code == 0 && count < 100; ++count) {
    code = codeOf(open.part(Opcode::kContinuation, payload, false, 50));
  }
  CHECK(code == 10035);
}

TEST_CASE("a connection that ends settles what waits") {
  Open open;
  open.fill(100);
  CHECK(codeOf(open.fixture.server().whenDrained(open.id, 51)) == 0);
  open.fixture.events.clear();
  open.peer.reset();
  REQUIRE(disconnected(open.fixture));
  CHECK(open.fixture.count(EventKind::kSettled) == 2);
  CHECK(open.fixture.last(EventKind::kSettled).value == 126);
  CHECK(codeOf(open.part(Opcode::kContinuation, "", true)) == 126);
}

TEST_CASE("a Timeout without progress settles what waits with 10060") {
  Open open(ManualClock::read);
  open.connection().setTimeoutSeconds(1);
  open.fill(100);
  CHECK(codeOf(open.fixture.server().whenDrained(open.id, 51)) == 0);
  open.fixture.pass(1000 + 2 * server::kTickMs);
  CHECK(open.fixture.until([&] { return open.fixture.count(EventKind::kSettled) == 2; }));
  CHECK(open.fixture.last(EventKind::kSettled).value == 10060);
}

TEST_CASE("MessageLength: the next bytes are one message, and what is beyond is another") {
  struct Row {
    int length;
    std::vector<std::string_view> sent;
    std::string expected;
    int left;
  };
  const auto begin = [](std::string_view part) { return fragment(Opcode::kText, part, false); };
  const auto go = [](std::string_view part) {
    return fragment(Opcode::kContinuation, part, false);
  };
  const auto end = [](std::string_view part) {
    return fragment(Opcode::kContinuation, part, true);
  };
  const auto whole = [](std::string_view part) { return plain(Opcode::kText, part); };
  const Row rows[] = {
      {5, {"he", "l", "lo"}, begin("he") + go("l") + end("lo"), 0},
      {5, {"hello"}, whole("hello"), 0},
      {5, {"hell"}, begin("hell"), 1},
      {5, {"", "hello"}, begin("") + end("hello"), 0},
      {5, {"hello you"}, whole("hello") + whole(" you"), 0},
      {5, {"he", "llo you", "!"}, begin("he") + end("llo") + whole(" you") + whole("!"), 0},
      {0, {"he", "llo"}, whole("he") + whole("llo"), 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.expected);
    Open open;
    CHECK(open.connection().setMessageLength(row.length).ok());
    CHECK(open.fixture.statusOf(open.id) == (row.length > 0 ? -open.id : open.id));
    for (const std::string_view payload : row.sent) {
      CHECK(open.ready());
      CHECK(codeOf(open.message(Opcode::kText, payload)) == 0);
      CHECK(open.connection().bytesSent() == static_cast<int>(payload.size()));
    }
    CHECK(open.connection().messageLength() == row.left);
    CHECK(open.fixture.statusOf(open.id) == (row.left > 0 ? -open.id : open.id));
    REQUIRE(open.fixture.until([&] { return open.peer.received().size() >= row.expected.size(); }));
    CHECK(open.peer.received() == row.expected);
  }
}

TEST_CASE("MessageLength: what cannot be") {
  Open open;
  server::Connection& connection = open.connection();
  CHECK(connection.setMessageLength(4).ok());
  CHECK(connection.setMessageLength(3).ok());
  CHECK(codeOf(open.part(Opcode::kText, "x", true)) == 10037);
  CHECK(codeOf(open.message(Opcode::kText, "\xE4")) == 0);
  CHECK(static_cast<int>(connection.setMessageLength(5).error().code) == 10037);
  CHECK(codeOf(open.message(Opcode::kText, "x")) == 10022);
  CHECK(codeOf(open.message(Opcode::kText, "\xBD\xA0\xFF")) == 10022);
  CHECK(codeOf(open.message(Opcode::kText, "\xBD")) == 0);
  CHECK(codeOf(open.message(Opcode::kPing, "?")) == 0);
  CHECK(codeOf(open.message(Opcode::kBinary, "\xA0\xFF")) == 0);
  const std::string expected =
      fragment(Opcode::kText, "\xE4", false) + fragment(Opcode::kContinuation, "\xBD", false) +
      plain(Opcode::kPing, "?") + fragment(Opcode::kContinuation, "\xA0", true) +
      plain(Opcode::kBinary, "\xFF");
  CHECK(open.fixture.until([&] { return open.peer.received() == expected; }));
  CHECK(open.fixture.server().statistics().messagesOut == 2);
  CHECK(open.fixture.server().statistics().bytesOut == 4);

  CHECK(codeOf(open.part(Opcode::kText, "x", false)) == 0);
  CHECK(static_cast<int>(connection.setMessageLength(5).error().code) == 10037);
  CHECK(codeOf(open.part(Opcode::kContinuation, "", true)) == 0);
  connection.setTimeoutSeconds(1);
  CHECK(static_cast<int>(connection.setMessageLength(5).error().code) == 10022);
}

TEST_CASE("MaxFrameSize: larger messages are fragments, on every way") {
  Open open;
  open.fixture.options().maxFrameSize = 4;
  const std::string nine = fragment(Opcode::kText, "1234", false) +
                           fragment(Opcode::kContinuation, "5678", false) +
                           fragment(Opcode::kContinuation, "9", true);
  const std::string eight =
      fragment(Opcode::kText, "1234", false) + fragment(Opcode::kContinuation, "5678", true);
  open.fixture.outbox.text(open.id, "before");
  open.fixture.outbox.text(open.id, "four");
  open.fixture.outbox.text(open.id, "123456789");
  open.fixture.outbox.text(open.id, "");
  open.fixture.outbox.text(open.id, "12345678");
  open.fixture.outbox.message(open.id, Opcode::kPing, "12345678");
  open.fixture.turn();
  CHECK(codeOf(open.message(Opcode::kText, "123456789")) == 0);
  CHECK(codeOf(open.message(Opcode::kPing, "12345678")) == 0);
  CHECK(codeOf(open.message(Opcode::kText, "four")) == 0);
  CHECK(codeOf(open.part(Opcode::kText, "12345", false)) == 0);
  CHECK(codeOf(open.part(Opcode::kContinuation, "678", true)) == 0);
  CHECK(open.connection().setMessageLength(6).ok());
  CHECK(codeOf(open.message(Opcode::kText, "12345678")) == 0);
  const std::string expected =
      fragment(Opcode::kText, "befo", false) + fragment(Opcode::kContinuation, "re", true) +
      plain(Opcode::kText, "four") + nine + plain(Opcode::kText, "") + eight +
      plain(Opcode::kPing, "12345678") + nine + plain(Opcode::kPing, "12345678") +
      plain(Opcode::kText, "four") + fragment(Opcode::kText, "1234", false) +
      fragment(Opcode::kContinuation, "5", false) + fragment(Opcode::kContinuation, "678", true) +
      fragment(Opcode::kText, "1234", false) + fragment(Opcode::kContinuation, "56", true) +
      plain(Opcode::kText, "78");
  REQUIRE(open.fixture.until([&] { return open.peer.received().size() >= expected.size(); }));
  CHECK(open.peer.received() == expected);
  CHECK(open.fixture.server().statistics().messagesOut == 10);
}

TEST_CASE("fragments of a message that does not fit wait like it") {
  Open open;
  open.fixture.options().maxFrameSize = 1000;
  const std::string payload(8'000'000, 'x');
  CHECK(codeOf(open.message(Opcode::kBinary, payload)) == 0);
  CHECK_FALSE(open.ready());
  CHECK(codeOf(open.message(Opcode::kBinary, "no")) == 10035);
  const std::size_t expected = payload.size() + 8000 * 4;
  std::size_t received = 0;
  CHECK(open.fixture.until([&] {
    received += open.peer.take().size();
    return received == expected;
  }));
  CHECK(open.fixture.until([&] { return open.ready(); }));
}

TEST_CASE("a message in parts does not keep a connection from closing") {
  Open open;
  CHECK(codeOf(open.part(Opcode::kBinary, "begun", false)) == 0);
  open.connection().disconnect(1001, "");
  CHECK(codeOf(open.part(Opcode::kContinuation, "late", true)) == 126);
  const std::string expected =
      fragment(Opcode::kBinary, "begun", false) + plain(Opcode::kClose, closePayload(1001));
  open.fixture.turn();
  CHECK(open.fixture.until([&] { return open.peer.received() == expected; }));
  open.peer.send(masked(Opcode::kClose, closePayload(1001)));
  CHECK(disconnected(open.fixture));
}

}  // namespace
}  // namespace wss::test
