// SPDX-License-Identifier: MIT
#include "ws/reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "reference.h"
#include "ws/writer.h"

namespace wss::ws {
namespace {

using test::ExactBuffer;
using test::unhex;

constexpr std::uint64_t kLimit = 70'000;

/// Reads what a connection would read and keeps a log of it: `text(…)`, `binary(…)`, `ping(…)`,
/// `pong(…)`, `close(code reason)`, `error(code)`; messages are put together from their pieces, and
/// those that are compressed, `deflated(…)`, are left so.
class Listener {
 public:
  Listener(Role role, std::uint64_t limit, bool compression = false) : reader_(role, limit) {
    if (compression) reader_.allowCompression();
  }

  void receive(Bytes chunk) {
    if (done_) return;
    received_ += chunk.size();
    kept_.insert(kept_.end(), chunk.begin(), chunk.end());
    ExactBuffer buffer(kept_);
    MutableBytes input = buffer.bytes();
    Piece piece;
    while (!done_ && reader_.next(input, piece) != Piece::Kind::kNeedMore) log(piece);
    kept_.assign(input.begin(), input.end());
    REQUIRE((done_ || kept_.size() < kMaxControlFrameSize));
  }

  [[nodiscard]] const std::string& log() const { return log_; }
  /// How many bytes had come when the error or the Close was reported.
  [[nodiscard]] std::size_t received() const { return received_; }

 private:
  void log(Piece& piece) {
    switch (piece.kind) {
      case Piece::Kind::kData:
        return logData(piece);
      case Piece::Kind::kPing:
        return add("ping(", textOf(piece.payload), ")");
      case Piece::Kind::kPong:
        return add("pong(", textOf(piece.payload), ")");
      case Piece::Kind::kClose:
        done_ = true;
        return add("close(" + std::to_string(piece.closeCode) + " ", textOf(piece.payload), ")");
      case Piece::Kind::kError:
        done_ = true;
        CHECK(piece.errorText.starts_with("RFC 6455 §"));
        return add("error(", std::to_string(piece.closeCode), ")");
      case Piece::Kind::kNeedMore:
        break;
    }
    FAIL("not a piece");
  }

  void logData(Piece& piece) {
    REQUIRE(piece.starts == !inMessage_);
    inMessage_ = !piece.ends;
    ExactBuffer target(piece.payload);
    const std::size_t size = piece.payload.size();
    if (!reader_.take(piece, target.bytes().data())) return log(piece);
    message_.append(textOf(target.bytes().first(size)));
    if (!piece.ends) return;
    REQUIRE(reader_.frameRemaining() == 0);
    REQUIRE(reader_.messageSize() == message_.size());
    const bool isText = piece.opcode == Opcode::kText;
    const bool isAscii = isText && reader_.messageIsAscii();
    add(piece.compressed ? "deflated("
        : !isText        ? "binary("
        : isAscii        ? "text("
                         : "utf8(",
        message_, ")");
    message_.clear();
  }

  void add(std::string_view before, std::string_view content, std::string_view after) {
    log_.append(log_.empty() ? "" : " ").append(before).append(content).append(after);
  }

  Reader reader_;
  std::vector<std::uint8_t> kept_;
  std::string message_;
  std::string log_;
  std::size_t received_ = 0;
  bool inMessage_ = false;
  bool done_ = false;
};

struct Row {
  std::string_view name;
  std::string_view hex;
  std::string_view log;
  /// The byte that breaks a rule or completes a Close; 0 when neither is there.
  std::size_t decidedAt = 0;
};

void replay(const Row& row, Role role, std::uint64_t limit, bool compression = false) {
  CAPTURE(row.name);
  const std::vector<std::uint8_t> bytes = unhex(row.hex);
  const Bytes all = bytes;

  Listener whole(role, limit, compression);
  whole.receive(all);
  CHECK(whole.log() == row.log);

  Listener byByte(role, limit, compression);
  for (std::size_t i = 0; i < all.size(); ++i) byByte.receive(all.subspan(i, 1));
  CHECK(byByte.log() == row.log);
  CHECK(byByte.received() == (row.decidedAt == 0 ? all.size() : row.decidedAt));

  for (std::size_t split = 0; split <= all.size(); ++split) {
    Listener halves(role, limit, compression);
    halves.receive(all.first(split));
    halves.receive(all.subspan(split));
    CHECK(halves.log() == row.log);
  }
}

// The key 00000000 leaves payloads readable; 37fa213d is that of RFC 6455 §5.7.
constexpr Row kFrames[] = {
    {"masked text of §5.7", "818537fa213d7f9f4d5158", "text(Hello)"},
    {"two frames at once", "818537fa213d7f9f4d5158 828100000000 61", "text(Hello) binary(a)"},
    {"fragments", "018300000000 48656c 808200000000 6c6f", "text(Hello)"},
    {"fragments, each with a key", "018337fa213d 7f9f4d 8082 01020304 6d6d", "text(Hello)"},
    {"Ping between fragments", "018300000000 48656c 898100000000 21 808200000000 6c6f",
     "ping(!) text(Hello)"},
    {"masked Ping and Pong", "898537fa213d7f9f4d5158 8a8537fa213d7f9f4d5158",
     "ping(Hello) pong(Hello)"},
    {"empty frames", "818000000000 828000000000 898000000000 8a8000000000",
     "text() binary() ping() pong()"},
    {"empty fragments", "018000000000 008000000000 808000000000", "text()"},
    {"empty first and last fragment", "028000000000 008100000000 78 808000000000", "binary(x)"},
    {"not ASCII", "818200000000 c3a4", "utf8(\xC3\xA4)"},
    {"ASCII after not ASCII", "818200000000 c3a4 818100000000 61", "utf8(\xC3\xA4) text(a)"},
    {"character cut by a fragment", "018100000000 c3 808100000000 a4", "utf8(\xC3\xA4)"},
    {"binary is not validated", "828200000000 c0af", "binary(\xC0\xAF)"},
    {"Close without a code", "888000000000", "close(1005 )", 6},
    {"Close with a code", "888200000000 03e8", "close(1000 )", 8},
    {"Close with a reason, masked", "888537fa213d 3412434452", "close(1000 bye)", 11},
    {"Close with a private code", "888200000000 1387", "close(4999 )", 8},
    {"what follows a Close is not read", "888000000000 ffff", "close(1005 )", 6},
};

TEST_CASE("frames of a client") {
  for (const Row& row : kFrames) replay(row, Role::kServer, kLimit);
}

constexpr Row kBroken[] = {
    {"RSV1", "c1", "error(1002)", 1},
    {"RSV2", "a1", "error(1002)", 1},
    {"RSV3", "91", "error(1002)", 1},
    {"reserved opcode 3", "83", "error(1002)", 1},
    {"reserved opcode 7", "87", "error(1002)", 1},
    {"reserved opcode B", "8b", "error(1002)", 1},
    {"reserved opcode F", "8f", "error(1002)", 1},
    {"fragmented Ping", "09", "error(1002)", 1},
    {"fragmented Close", "08", "error(1002)", 1},
    {"continuation of nothing", "80", "error(1002)", 1},
    {"continuation after the last fragment", "818000000000 00", "text() error(1002)", 7},
    {"text inside a text", "018100000000 61 81", "error(1002)", 8},
    {"binary inside a text", "018100000000 61 02", "error(1002)", 8},
    {"not masked", "8105", "error(1002)", 2},
    {"Ping of 126 bytes", "89fe", "error(1002)", 2},
    {"Pong with a length of 64 bits", "8aff", "error(1002)", 2},
    {"Close of one byte", "8881", "error(1002)", 2},
    {"16 bits for 125", "81fe007d", "error(1002)", 4},
    {"64 bits for 65535", "81ff000000000000ffff", "error(1002)", 10},
    {"64 bits for 0", "81ff0000000000000000", "error(1002)", 10},
    {"top bit of the length", "81ff80", "error(1002)", 3},
    {"Close with 999", "888200000000 03e7", "error(1002)", 8},
    {"Close with 1005", "888200000000 03ed", "error(1002)", 8},
    {"Close with 2999", "888200000000 0bb7", "error(1002)", 8},
    {"Close with 5000", "888200000000 1388", "error(1002)", 8},
    {"reason not UTF-8", "888300000000 03e8 ff", "error(1007)", 9},
    {"reason cut inside a character", "888300000000 03e8 c3", "error(1007)", 9},
    {"text not UTF-8, at the byte", "81fe0100 00000000 61 ff", "error(1007)", 10},
    {"text ends inside a character", "818100000000 c3", "error(1007)", 7},
    {"text ends inside a character, in an empty fragment", "018100000000 c3 808000000000",
     "error(1007)", 13},
    {"error behind good frames", "818100000000 61 8b", "text(a) error(1002)", 8},
};

TEST_CASE("broken rules are reported at the byte that breaks them") {
  for (const Row& row : kBroken) replay(row, Role::kServer, kLimit);
}

constexpr Row kTooBig[] = {
    {"at the limit", "828400000000 61626364", "binary(abcd)"},
    {"above the limit", "8285", "error(1009)", 2},
    {"fragments at the limit", "028300000000 616263 808100000000 64", "binary(abcd)"},
    {"fragments above the limit", "028300000000 616263 8082", "error(1009)", 11},
    {"messages are counted apart", "828400000000 61626364 828400000000 65666768",
     "binary(abcd) binary(efgh)"},
    {"16 bits above the limit", "82fe0100", "error(1009)", 4},
    {"as large as can be said", "82ff7fffffffffffffff", "error(1009)", 10},
    {"sum as large as can be said", "028100000000 61 80ff7fffffffffffffff", "error(1009)", 17},
    {"control frames do not count", "028400000000 61626364 898500000000 48656c6c6f 808000000000",
     "ping(Hello) binary(abcd)"},
};

TEST_CASE("messages above the limit are refused before their payload comes") {
  for (const Row& row : kTooBig) replay(row, Role::kServer, 4);
}

constexpr Row kFromServer[] = {
    {"text of §5.7", "810548656c6c6f", "text(Hello)"},
    {"fragments and a Ping of §5.7", "010348656c 8900 80026c6f", "ping() text(Hello)"},
    {"empty", "8100 8200", "text() binary()"},
    {"Close", "8805 03e8 627965", "close(1000 bye)", 7},
    {"masked", "8185", "error(1002)", 2},
    {"not UTF-8", "8105 61ff", "error(1007)", 4},
};

TEST_CASE("frames of a server") {
  for (const Row& row : kFromServer) replay(row, Role::kClient, kLimit);
}

constexpr Row kCompressed[] = {
    {"compressed or not", "c18100000000 61 818100000000 62", "deflated(a) text(b)"},
    {"compressed text is not validated here", "c18200000000 c0af", "deflated(\xC0\xAF)"},
    {"RSV1 stands at the first fragment", "418100000000 61 808100000000 62", "deflated(ab)"},
    {"more than the limit, because deflating may not help", "c2c400000000 61", ""},
    {"more than that", "c2c5", "error(1009)", 2},
    {"above the limit, and not compressed", "8285", "error(1009)", 2},
    {"RSV1 at a continuation", "418100000000 61 c0", "error(1002)", 8},
    {"RSV1 at a Ping", "c9", "error(1002)", 1},
    {"RSV2 with RSV1", "e1", "error(1002)", 1},
};

TEST_CASE("frames once permessage-deflate has been agreed on") {
  for (const Row& row : kCompressed) replay(row, Role::kServer, 4, true);
}

TEST_CASE("every form of the length, in chunks of any size") {
  for (const std::size_t size : {1u, 125u, 126u, 4096u, 65535u, 65536u}) {
    std::string payload(size, 'p');
    payload.back() = 'q';
    ByteQueue frame;
    appendMaskedFrame(frame, Opcode::kText, true, false, {{0x37, 0xFA, 0x21, 0x3D}},
                      bytesOf(payload));
    for (const std::size_t chunk : {1u, 13u, 997u, 1'000'000u}) {
      CAPTURE(size);
      CAPTURE(chunk);
      Listener listener(Role::kServer, kLimit);
      for (Bytes rest = frame.bytes(); !rest.empty();) {
        const Bytes part = rest.first(std::min(chunk, rest.size()));
        listener.receive(part);
        rest = rest.subspan(part.size());
      }
      CHECK(listener.log() == "text(" + payload + ")");
    }
  }
}

TEST_CASE("a header is taken off before its payload comes, and then goes on") {
  Reader reader(Role::kServer, std::numeric_limits<std::uint64_t>::max());
  ExactBuffer header(unhex("82ff7fffffffffffffff 01020304"));
  MutableBytes input = header.bytes();
  Piece piece;
  CHECK(reader.next(input, piece) == Piece::Kind::kNeedMore);
  CHECK(input.empty());
  CHECK(reader.frameRemaining() == 0x7FFFFFFFFFFFFFFF);

  ExactBuffer payload(unhex("0103020502"));
  input = payload.bytes();
  REQUIRE(reader.next(input, piece) == Piece::Kind::kData);
  CHECK(reader.frameRemaining() == 0x7FFFFFFFFFFFFFFF - 5);
  CHECK(piece.starts);
  CHECK_FALSE(piece.ends);
  REQUIRE(reader.take(piece, piece.payload.data()));
  CHECK(test::hexOf(payload.bytes()) == "0001010103");
}

TEST_CASE("a reader is as small as its header says") { CHECK(sizeof(Reader) <= 40); }

}  // namespace
}  // namespace wss::ws
