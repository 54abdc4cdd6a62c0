// SPDX-License-Identifier: MIT
#include "server/streams/outgoing.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "wire.h"

namespace wss::test {
namespace {

using server::Options;
using server::Outgoing;
using server::Parts;
using server::SharedStreams;
using ws::Opcode;

std::string queued(Outgoing& outgoing) {
  const std::string text(textOf(outgoing.queue().bytes()));
  outgoing.queue().clear();
  return text;
}

template <typename T>
int codeOf(const Result<T>& result) {
  return result.ok() ? 0 : static_cast<int>(result.error().code);
}

TEST_CASE("what is shared keeps its place, whatever is taken at once") {
  server::SharedFrames frames;
  const std::string large(2000, 's');
  const std::string other(3000, 'o');
  frames.add(bytesOf(large));
  frames.add(bytesOf(other));
  Outgoing outgoing;
  std::string expected;
  const auto share = [&](const std::string& whole, std::size_t from) {
    server::SharedFrames::Part part = frames.firstOf(bytesOf(whole).subspan(from));
    REQUIRE(part.frame);
    outgoing.share(std::move(part));
    expected += whole.substr(from);
  };
  const auto own = [&](std::string_view text) {
    outgoing.back().append(text);
    expected += text;
  };
  const auto fill = [&] {
    expected.clear();
    own("first");
    share(large, 900);
    share(other, 0);
    own("between");
    own(" them");
    share(large, 0);
    own("last");
    CHECK(outgoing.waiting() == expected.size());
    CHECK(outgoing.size() == expected.size());
    CHECK(outgoing.sharedSize() == 1100 + 3000 + 2000);
  };
  constexpr std::size_t kSteps[] = {1, 7, 1000, 10'000};
  for (const std::size_t step : kSteps) {
    fill();
    std::string got;
    while (outgoing.waiting() > 0) {
      const auto [first, second] = outgoing.front();
      REQUIRE(!first.empty());
      const std::string there = std::string(textOf(first)).append(textOf(second)).substr(0, step);
      got += there;
      outgoing.consume(there.size());
    }
    CHECK((got == expected));
    CHECK_FALSE(outgoing.sharesFrames());
    CHECK(outgoing.sharedSize() == 0);
  }
  CHECK(frames.held() == 5000);
  fill();
  outgoing.release();
  CHECK(outgoing.waiting() == expected.size());
  frames.end();
  CHECK(frames.held() == 5000);
  outgoing.clear();
  CHECK(outgoing.waiting() == 0);
  CHECK(frames.held() == 0);
}

TEST_CASE("only what is worth it is shared, and once for all who need it") {
  server::SharedFrames frames;
  const std::string memory(5000, 'x');
  const Bytes all = bytesOf(memory);
  frames.add(all.subspan(3000, 1500));
  frames.add(all.subspan(100, 1100));
  frames.add(all.subspan(2000, 500));  // Too small.
  const auto part = [&](std::size_t from, std::size_t size) {
    return frames.firstOf(all.subspan(from, size));
  };
  CHECK(part(0, 50).size == 50);
  CHECK(part(0, 5000).size == 100);
  CHECK_FALSE(part(0, 5000).frame);
  CHECK(frames.held() == 0);
  CHECK(part(100, 4900).size == 1100);
  CHECK(part(100, 4900).frame == part(120, 1080).frame);
  CHECK(part(120, 1080).offset == 20);
  CHECK(frames.held() == 1100);
  CHECK_FALSE(part(1000, 4000).frame);  // Its rest of that is too small.
  CHECK(part(1000, 4000).size == 200);
  CHECK(part(1200, 3800).size == 1800);
  CHECK(part(4600, 400).size == 400);
  ByteQueue made;
  made.append(std::string_view("made"));
  frames.add(std::move(made));
  CHECK(frames.held() == 1104);
  frames.end();
  CHECK(frames.held() == 0);
}

TEST_CASE("runs that follow each other stay where they are") {
  Outgoing outgoing;
  const Bytes arena = bytesOf("0123456789");
  outgoing.cork(arena, 2, 3);
  outgoing.cork(arena, 5, 2);
  CHECK(outgoing.queue().empty());
  CHECK(outgoing.size() == 5);
  CHECK(textOf(outgoing.takeRun(arena)) == "23456");
  // There is none any more, wherever the arena is now.
  CHECK(outgoing.takeRun({}).empty());
  CHECK(outgoing.size() == 0);
}

TEST_CASE("a run that does not follow puts the one before it into the queue") {
  Outgoing outgoing;
  const Bytes arena = bytesOf("0123456789");
  outgoing.cork(arena, 0, 3);
  outgoing.cork(arena, 4, 2);
  CHECK(outgoing.size() == 5);
  CHECK(queued(outgoing) == "012");
  CHECK(textOf(outgoing.takeRun(arena)) == "45");
}

TEST_CASE("a large message goes in frames, of which only the first says that it is compressed") {
  Outgoing outgoing;
  outgoing.enqueue(Opcode::kBinary, true, true, bytesOf("abcde"), 2);
  CHECK(queued(outgoing) == std::string("\x42\x02"
                                        "ab"
                                        "\x00\x02"
                                        "cd"
                                        "\x80\x01"
                                        "e",
                                        11));
  outgoing.enqueue(Opcode::kText, true, false, bytesOf("ab"), 2);
  CHECK(queued(outgoing) == plain(Opcode::kText, "ab"));
  outgoing.enqueue(Opcode::kText, true, false, {}, 2);
  CHECK(queued(outgoing) == plain(Opcode::kText, ""));
  // RFC 6455 §5.5: control frames must not be fragmented.
  outgoing.enqueue(Opcode::kPing, true, false, bytesOf("abcde"), 2);
  CHECK(queued(outgoing) == plain(Opcode::kPing, "abcde"));
}

TEST_CASE("while nothing leaves, of several Pings only the latest is answered, and later") {
  Outgoing outgoing;
  CHECK(outgoing.pong(bytesOf("one")));
  CHECK(queued(outgoing) == plain(Opcode::kPong, "one"));
  CHECK_FALSE(outgoing.setBlocked(true));
  CHECK_FALSE(outgoing.pong(bytesOf("two")));
  CHECK_FALSE(outgoing.pong(bytesOf("three")));
  CHECK(outgoing.queue().empty());
  CHECK(outgoing.setBlocked(false));
  CHECK(queued(outgoing) == plain(Opcode::kPong, "three"));
  outgoing.setBlocked(true);
  CHECK_FALSE(outgoing.setBlocked(false));
  CHECK(outgoing.queue().empty());
}

TEST_CASE("what is too small, too large or a control frame is not compressed") {
  Options options;
  options.compressionThreshold = 10;
  options.compressionLimit = 20;
  Outgoing outgoing;
  CHECK_FALSE(outgoing.compresses(Opcode::kText, 15, options));
  outgoing.agreeOnCompression(15, nullptr);
  CHECK(outgoing.mayCompress());
  CHECK_FALSE(outgoing.compresses(Opcode::kText, 9, options));
  CHECK(outgoing.compresses(Opcode::kText, 10, options));
  CHECK(outgoing.compresses(Opcode::kText, 20, options));
  CHECK_FALSE(outgoing.compresses(Opcode::kText, 21, options));
  CHECK_FALSE(outgoing.compresses(Opcode::kPing, 15, options));
  options.compressionLimit = 0;
  CHECK(outgoing.compresses(Opcode::kText, 1 << 30, options));
}

TEST_CASE("what compressing makes larger goes as it is, unless later messages refer to it") {
  Options options;
  options.compressionThreshold = 1;
  SharedStreams streams;
  Outgoing outgoing;
  outgoing.agreeOnCompression(15, nullptr);
  ByteQueue out;
  CHECK(outgoing.compress(Opcode::kText, bytesOf(std::string(100, 'a')), options, streams, out));
  CHECK(out.size() < 100);
  out.clear();
  CHECK_FALSE(outgoing.compress(Opcode::kText, bytesOf("x"), options, streams, out));

  ws::DeflateSettings settings = server::deflateSettings(options, 15);
  settings.contextTakeover = true;
  Outgoing own;
  own.agreeOnCompression(15, std::make_unique<ws::Deflater>(settings));
  out.clear();
  CHECK(own.compress(Opcode::kText, bytesOf("x"), options, streams, out));
}

TEST_CASE("a message in parts") {
  Outgoing outgoing;
  // There is none to go on with.
  CHECK(codeOf(outgoing.part(Opcode::kContinuation, {}, false, false)) == 10022);
  CHECK(codeOf(outgoing.part(Opcode::kPing, {}, true, false)) == 10022);
  Result<Parts> first = outgoing.part(Opcode::kText, bytesOf("\xC3"), false, false);
  REQUIRE(first.ok());
  CHECK_FALSE(outgoing.hasBegun());
  outgoing.setParts(first.value());
  CHECK(outgoing.inParts());
  CHECK(codeOf(outgoing.mayBegin(Opcode::kText)) == 10035);
  CHECK(codeOf(outgoing.mayBegin(Opcode::kPing)) == 0);
  CHECK(codeOf(outgoing.part(Opcode::kText, {}, false, false)) == 10035);
  CHECK(codeOf(outgoing.setMessageLength(5)) == 10037);
  // The character has two bytes.
  CHECK(codeOf(outgoing.part(Opcode::kContinuation, bytesOf("x"), true, false)) == 10022);
  CHECK(codeOf(outgoing.part(Opcode::kContinuation, {}, true, false)) == 10022);
  CHECK(codeOf(outgoing.part(Opcode::kContinuation, bytesOf("\xA4"), false, true)) == 10035);
  Result<Parts> second = outgoing.part(Opcode::kContinuation, bytesOf("\xA4"), false, false);
  REQUIRE(second.ok());
  outgoing.setParts(second.value());
  // A message may always be ended.
  CHECK(codeOf(outgoing.part(Opcode::kContinuation, {}, true, true)) == 0);
  outgoing.setParts(std::nullopt);
  CHECK_FALSE(outgoing.hasBegun());
  CHECK(codeOf(outgoing.mayBegin(Opcode::kText)) == 0);
}

TEST_CASE("a message of a length is cut out of what is sent") {
  Outgoing outgoing;
  REQUIRE(outgoing.setMessageLength(5).ok());
  CHECK(codeOf(outgoing.part(Opcode::kBinary, {}, false, false)) == 10037);
  auto cut = outgoing.cut(Opcode::kText, bytesOf("ab"));
  REQUIRE(cut);
  CHECK(cut->begins);
  CHECK_FALSE(cut->ends);
  outgoing.advance(*cut);
  CHECK(outgoing.messageLength() == 3);
  CHECK(outgoing.hasBegun());
  CHECK_FALSE(outgoing.inParts());
  CHECK(codeOf(outgoing.setMessageLength(9)) == 10037);
  CHECK_FALSE(outgoing.cut(Opcode::kText, bytesOf("ab\xC3")));
  CHECK_FALSE(outgoing.cut(Opcode::kText, bytesOf("abc\xC3")));
  cut = outgoing.cut(Opcode::kText, bytesOf("cdefg"));
  REQUIRE(cut);
  CHECK_FALSE(cut->begins);
  CHECK(cut->ends);
  CHECK(textOf(cut->part) == "cde");
  CHECK(textOf(cut->rest) == "fg");
  outgoing.advance(*cut);
  CHECK(outgoing.messageLength() == 0);
  CHECK_FALSE(outgoing.hasBegun());
}

TEST_CASE("what is released is as it was at first, but for the queue") {
  Outgoing outgoing;
  REQUIRE(outgoing.setMessageLength(5).ok());
  outgoing.enqueueControl(Opcode::kPing, {});
  outgoing.release();
  CHECK(outgoing.messageLength() == 0);
  CHECK(queued(outgoing) == plain(Opcode::kPing, ""));
}

}  // namespace
}  // namespace wss::test
