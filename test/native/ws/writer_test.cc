// SPDX-License-Identifier: MIT
#include "ws/writer.h"

#include <doctest/doctest.h>

#include <string>

#include "reference.h"

namespace wss::ws {
namespace {

using test::hexOf;

TEST_CASE("frames as in RFC 6455 §5.7") {
  ByteQueue out;
  appendFrame(out, Opcode::kText, true, false, bytesOf("Hello"));
  CHECK(hexOf(out.bytes()) == "810548656c6c6f");
  out.clear();

  appendMaskedFrame(out, Opcode::kText, true, false, {{0x37, 0xFA, 0x21, 0x3D}}, bytesOf("Hello"));
  CHECK(hexOf(out.bytes()) == "818537fa213d7f9f4d5158");
  out.clear();

  appendFrame(out, Opcode::kText, false, false, bytesOf("Hel"));
  appendFrame(out, Opcode::kContinuation, true, false, bytesOf("lo"));
  appendFrame(out, Opcode::kPing, true, false, {});
  CHECK(hexOf(out.bytes()) == "010348656c80026c6f8900");
}

TEST_CASE("every form of the length, plain and masked") {
  const MaskKey key = {{1, 2, 3, 4}};
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u}) {
    CAPTURE(size);
    const std::string payload(size, 'p');
    ByteQueue plain;
    appendFrame(plain, Opcode::kBinary, true, true, bytesOf(payload));
    REQUIRE(plain.size() == headerSize(size) + size);
    CHECK(plain.bytes()[0] == 0xC2);
    CHECK(textOf(plain.bytes().subspan(headerSize(size))) == payload);

    ByteQueue masked;
    appendMaskedFrame(masked, Opcode::kBinary, true, false, key, bytesOf(payload));
    REQUIRE(masked.size() == plain.size() + 4);
    CHECK((masked.bytes()[1] & 0x80) != 0);
    const Bytes body = masked.bytes().subspan(headerSize(size) + 4);
    CHECK(textOf(test::plainMask(body, key)) == payload);
  }
}

TEST_CASE("the payload of a Close frame") {
  struct Row {
    std::string_view name;
    std::uint16_t code;
    std::string reason;
    std::string sent;
  };
  const std::string full(123, 'r');
  const Row rows[] = {
      {"no status", 1005, "unheard", ""},
      {"code alone", 1000, "", "\x03\xE8"},
      {"code and reason", 4999, "bye",
       "\x13\x87"
       "bye"},
      {"as long as it may be", 1000, full, "\x03\xE8" + full},
      {"too long", 1000, full + "r", "\x03\xE8" + full},
      {"a character of two bytes does not fit", 1000, full.substr(1) + "\xC3\xA4",
       "\x03\xE8" + full.substr(1)},
      {"a character of four bytes does not fit", 1000, full.substr(3) + "\xF0\x9F\x98\x80",
       "\x03\xE8" + full.substr(3)},
      {"a character of four bytes fits", 1000, full.substr(4) + "\xF0\x9F\x98\x80x",
       "\x03\xE8" + full.substr(4) + "\xF0\x9F\x98\x80"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(textOf(ClosePayload(row.code, row.reason).bytes()) == row.sent);
  }
}

}  // namespace
}  // namespace wss::ws
