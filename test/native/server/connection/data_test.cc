// SPDX-License-Identifier: MIT
// The ways in which a message is delivered: as it comes, in lines, and inflated.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "server/properties/properties.h"
#include "server_fixture.h"
#include "ws/deflate.h"

namespace wss::test {
namespace {

using server::kEndOfLine;
using server::kEndOfMessage;
using server::kIsAscii;
using server::kIsBinary;
using ws::Opcode;

/// A connection that is open, and what it delivers.
struct Receiver {
  ServerFixture fixture;
  Peer peer{fixture.port()};
  std::int32_t id = 0;

  explicit Receiver(std::string_view lines = {}) { id = fixture.open(peer, lines); }

  server::Connection& connection() { return *fixture.server().find(id); }
  /// Sends `frames`, and returns the events that they bring.
  std::vector<Event> events(std::string_view frames, std::size_t count) {
    const std::size_t before = fixture.events.size();
    peer.send(frames);
    CHECK(fixture.until([&] { return fixture.events.size() >= before + count; }));
    for (int i = 0; i < 3; ++i) fixture.turn();
    return {fixture.events.begin() + static_cast<std::ptrdiff_t>(before), fixture.events.end()};
  }
  /// The code with which `frames` are answered.
  int closedWith(std::string_view frames) {
    peer.take();
    peer.send(frames);
    CHECK(disconnected(fixture));
    return fixture.last(EventKind::kDisconnected).value;
  }
};

void checkEvent(const Event& event, std::string_view payload, int format, int flags) {
  CHECK(event.kind == EventKind::kDataIn);
  CHECK(event.payload == payload);
  CHECK(event.value == format);
  CHECK(event.flags == flags);
}

/// What a frame of a server carries, if it has RSV1 as said.
std::string payloadOf(std::string_view frame, bool rsv1) {
  CHECK(((static_cast<unsigned char>(frame.at(0)) & 0x40) != 0) == rsv1);
  const std::size_t size = static_cast<unsigned char>(frame.at(1));
  return std::string(frame.substr(size < 126 ? 2 : size == 126 ? 4 : 10));
}

TEST_CASE("without BufferMessage the pieces come as they are") {
  Receiver receiver;
  receiver.fixture.options().bufferMessage = false;
  auto events = receiver.events(masked(Opcode::kBinary, "\xE2\x82", false), 1);
  REQUIRE(events.size() == 1);
  checkEvent(events[0], "\xE2\x82", 2, kIsBinary);
  events = receiver.events(masked(Opcode::kContinuation, "rest"), 1);
  REQUIRE(events.size() == 1);
  checkEvent(events[0], "rest", 0, kEndOfMessage | kIsBinary);
  const std::string large(server::EventBatch::kWorthAdopting, 'x');
  events = receiver.events(masked(Opcode::kText, large), 1);
  std::string text;
  for (const Event& event : events) text += event.payload;
  CHECK(text == large);
  CHECK(events.back().flags == (kEndOfMessage | kIsAscii));
}

TEST_CASE("a piece of text never ends inside a character") {
  Receiver receiver;
  receiver.fixture.options().bufferMessage = false;
  auto events = receiver.events(masked(Opcode::kText, "a\xE2\x82", false), 1);
  REQUIRE(events.size() == 1);
  checkEvent(events[0], "a", 1, 0);
  // What is only the middle of a character waits too.
  CHECK(receiver.events(masked(Opcode::kContinuation, "", false), 0).empty());
  events = receiver.events(masked(Opcode::kContinuation, "\xAC!"), 1);
  REQUIRE(events.size() == 1);
  checkEvent(events[0], "\u20AC!", 0, kEndOfMessage);
  CHECK(receiver.events(masked(Opcode::kText, "\xF0\x9F", false), 0).empty());
  events = receiver.events(masked(Opcode::kContinuation, "\x98\x80"), 1);
  REQUIRE(events.size() == 1);
  checkEvent(events[0], "\U0001F600", 1, kEndOfMessage);
  CHECK(receiver.closedWith(masked(Opcode::kText, "ok", false) +
                            masked(Opcode::kContinuation, "\xFF")) == 1007);
}

TEST_CASE("lines, with or without CR, across frames") {
  Receiver receiver;
  receiver.connection().setLineMode(true);
  auto events = receiver.events(masked(Opcode::kText, "one\r\ntwo\n\nfo", false), 3);
  REQUIRE(events.size() == 3);
  checkEvent(events[0], "one", 0, kEndOfLine);
  checkEvent(events[1], "two", 0, kEndOfLine);
  checkEvent(events[2], "", 0, kEndOfLine);
  // A part of a line waits for its end: until then its greatest length stays as it is.
  CHECK(receiver.connection().setMaxLineLength(10).error().code ==
        ErrorCode::kMaxLineLengthWhileConnected);
  events = receiver.events(masked(Opcode::kContinuation, "ur\nfive"), 2);
  REQUIRE(events.size() == 2);
  checkEvent(events[0], "four", 0, kEndOfLine);
  checkEvent(events[1], "five", 0, kEndOfMessage);
  CHECK(receiver.fixture.server().statistics().messagesIn == 1);
  CHECK(receiver.closedWith(masked(Opcode::kText, "\xFF")) == 1007);
}

TEST_CASE("a line that is too long is cut, between two characters if it is text") {
  Receiver receiver;
  receiver.connection().setLineMode(true);
  REQUIRE(receiver.connection().setMaxLineLength(5).ok());
  auto events = receiver.events(masked(Opcode::kText, "a\u20AC\u20ACb\n"), 2);
  REQUIRE(events.size() == 2);
  checkEvent(events[0], "a\u20AC", 0, 0);
  checkEvent(events[1], "\u20ACb", 0, kEndOfLine | kEndOfMessage);
  events = receiver.events(masked(Opcode::kBinary, "a\u20AC\u20ACb\n"), 2);
  REQUIRE(events.size() == 2);
  checkEvent(events[0], "a\u20AC\xE2", 0, kIsBinary);
  checkEvent(events[1],
             "\x82\xAC"
             "b",
             0, kEndOfLine | kEndOfMessage | kIsBinary);
  // Not even one character fits.
  REQUIRE(receiver.connection().setMaxLineLength(1).ok());
  events = receiver.events(masked(Opcode::kText, "\u00E9"), 2);
  REQUIRE(events.size() == 2);
  CHECK(events[0].payload + events[1].payload == "\u00E9");
}

TEST_CASE("compressed messages, whole and in fragments, are inflated and delivered whole") {
  Receiver receiver(kOffer);
  const std::string text = "the same, the same, the same";
  const std::string payload = deflated(text);
  auto events = receiver.events(compressed(Opcode::kText, bytesOf(payload)), 1);
  REQUIRE(events.size() == 1);
  checkEvent(events[0], text, 1, kEndOfMessage | kIsAscii);
  const Bytes bytes = bytesOf(payload);
  for (const bool buffers : {true, false}) {
    receiver.fixture.options().bufferMessage = buffers;
    events = receiver.events(compressed(Opcode::kBinary, bytes.first(3), false) +
                                 compressed(Opcode::kContinuation, bytes.subspan(3)),
                             1);
    REQUIRE(events.size() == 1);
    checkEvent(events[0], text, 2, kEndOfMessage);
  }
  receiver.connection().setLineMode(true);
  events = receiver.events(compressed(Opcode::kText, bytesOf(deflated("a\nb"))), 2);
  REQUIRE(events.size() == 2);
  checkEvent(events[0], "a", 0, kEndOfLine);
  checkEvent(events[1], "b", 0, kEndOfMessage);
  CHECK(receiver.fixture.server().statistics().bytesIn == 3 * text.size() + 3);
}

TEST_CASE("compressed messages that cannot be taken") {
  SUBCASE("not DEFLATE") {
    CHECK(Receiver(kOffer).closedWith(compressed(Opcode::kText, bytesOf("\xFF\xFF"))) == 1007);
  }
  SUBCASE("not UTF-8") {
    const std::string payload = deflated("\xFF");
    CHECK(Receiver(kOffer).closedWith(compressed(Opcode::kText, bytesOf(payload))) == 1007);
  }
  SUBCASE("too big once inflated") {
    Receiver receiver(kOffer);
    receiver.fixture.options().maxMessageSize = 999;
    const std::string payload = deflated(std::string(1000, 'x'));
    CHECK(receiver.closedWith(compressed(Opcode::kText, bytesOf(payload))) == 1009);
  }
  SUBCASE("in too many fragments") {
    Receiver receiver(kOffer);
    receiver.fixture.options().maxFragments = 1;
    const std::string payload = deflated("text");
    CHECK(receiver.closedWith(compressed(Opcode::kText, bytesOf(payload), false) +
                              compressed(Opcode::kContinuation, {})) == 1008);
  }
  SUBCASE("fragments, when messages that are not whole take too much memory") {
    Receiver receiver(kOffer);
    receiver.fixture.options().maxUnfinishedBytes = 1;
    const std::string payload = deflated("text");
    CHECK(receiver.closedWith(
              compressed(Opcode::kText, bytesOf(payload).first(1), false) +
              compressed(Opcode::kContinuation, bytesOf(payload).subspan(1), false)) == 1013);
  }
  SUBCASE("nobody agreed on compression") {
    const std::string payload = deflated("text");
    CHECK(Receiver().closedWith(compressed(Opcode::kText, bytesOf(payload))) == 1002);
  }
}

TEST_CASE("what is sent is compressed from CompressionThreshold on, if that makes it smaller") {
  Receiver receiver(kOffer);
  receiver.fixture.options().compressionThreshold = 50;
  const std::string text(100, 'x');
  const auto answer = [&](std::string_view message) {
    receiver.fixture.outbox.text(receiver.id, message);
    receiver.fixture.turn();
    std::string frame = receiver.peer.take();
    REQUIRE(frame.size() > 2);
    return frame;
  };
  CHECK(answer("short") == plain(Opcode::kText, "short"));
  // Whatever the settings are changed to in between.
  for (const int level : {1, 9, 9}) {
    receiver.fixture.options().compressionLevel = level;
    const std::string payload = payloadOf(answer(text), true);
    CHECK(payload.size() < 20);
    ByteQueue inflated;
    ws::Inflater inflater(15, false);
    REQUIRE(inflater.inflate(bytesOf(payload), inflated, 1000) == ws::InflateStatus::kDone);
    CHECK(textOf(inflated.bytes()) == text);
  }
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 100; ++i) {
    state = state * 1664525 + 1013904223;
    noise += static_cast<char>('!' + (state >> 24) % 90);
  }
  const std::string frame = answer(noise);
  CHECK(frame == plain(Opcode::kText, noise));
  // Past the batch, and where it is not wanted.
  REQUIRE(receiver.fixture.server().send(receiver.id, Opcode::kText, bytesOf(text), 1).ok());
  receiver.fixture.turn();
  CHECK(payloadOf(receiver.peer.take(), true).size() < 20);
  REQUIRE(receiver.fixture.server().send(receiver.id, Opcode::kText, bytesOf(text), 2, false).ok());
  receiver.fixture.turn();
  CHECK(receiver.peer.take() == plain(Opcode::kText, text));
}

TEST_CASE("with context takeover a message refers to those before it, in both directions") {
  ServerFixture fixture;
  fixture.options().serverContextTakeover = true;
  fixture.options().clientContextTakeover = true;
  fixture.options().compressionThreshold = 0;
  Peer peer(fixture.port());
  const std::int32_t id = fixture.open(peer, kOffer);
  std::string text;
  for (int i = 0; i < 50; ++i) text += std::to_string(i * 7919);
  ws::Deflater deflater({.contextTakeover = true});
  ws::Inflater inflater(15, true);
  std::vector<std::size_t> sizes;
  for (int round = 1; round <= 2; ++round) {
    ByteQueue payload;
    REQUIRE(deflater.compress(bytesOf(text), payload).ok());
    peer.send(compressed(Opcode::kText, payload.bytes()));
    const auto received = static_cast<std::size_t>(round);
    REQUIRE(fixture.until([&] { return fixture.count(EventKind::kDataIn) == received; }));
    CHECK(fixture.last(EventKind::kDataIn).payload == text);

    fixture.outbox.text(id, text);
    fixture.turn();
    const std::string answer = payloadOf(peer.take(), true);
    sizes.push_back(answer.size());
    ByteQueue inflated;
    REQUIRE(inflater.inflate(bytesOf(answer), inflated, 1000) == ws::InflateStatus::kDone);
    CHECK(textOf(inflated.bytes()) == text);
  }
  CHECK(sizes[1] < sizes[0] / 4);
}

TEST_CASE("properties of a connection that can be set, and those of TLS without it") {
  Receiver receiver;
  const auto row = [](std::string_view name) {
    return *std::ranges::find(server::propertyTable(), name, &server::Property::name);
  };
  using Value = server::PropertyValue;
  server::Connection& connection = receiver.connection();
  CHECK(server::writeProperty(connection, row("LineMode"), true).ok());
  CHECK(connection.lineMode());
  CHECK(row("MaxLineLength").read(connection) == Value(2048));
  CHECK(server::writeProperty(connection, row("MaxLineLength"), 7).ok());
  CHECK(row("MaxLineLength").read(connection) == Value(7));
  CHECK_FALSE(server::writeProperty(connection, row("MaxLineLength"), 0).ok());
  CHECK(row("SSLNegotiatedCipherStrength").read(connection) == Value(0));
  CHECK(row("SSLNegotiatedKeyExchangeStrength").read(connection) == Value(0));
  for (const std::string_view name : {"SSLNegotiatedCipher", "SSLNegotiatedCipherSuite",
                                      "SSLNegotiatedKeyExchange", "SSLNegotiatedVersion"}) {
    CHECK(row(name).read(connection) == Value(std::string()));
  }
}

}  // namespace
}  // namespace wss::test
