// SPDX-License-Identifier: MIT
#include "ws/frame.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "reference.h"

namespace wss::ws {
namespace {

using test::ExactBuffer;
using test::hexOf;

TEST_CASE("close codes that may be sent") {
  struct Row {
    int first;
    int last;
    bool valid;
  };
  const Row rows[] = {{0, 999, false},     {1000, 1003, true},  {1004, 1006, false},
                      {1007, 1014, true},  {1015, 2999, false}, {3000, 4999, true},
                      {5000, 65535, false}};
  for (const Row& row : rows) {
    for (int code = row.first; code <= row.last; ++code) {
      CAPTURE(code);
      REQUIRE(isWireCloseCode(static_cast<std::uint16_t>(code)) == row.valid);
    }
  }
}

TEST_CASE("headers") {
  struct Row {
    Opcode opcode;
    bool fin;
    bool rsv1;
    std::uint64_t length;
    std::string_view hex;
  };
  const Row rows[] = {
      {Opcode::kText, true, false, 5, "8105"},
      {Opcode::kContinuation, false, false, 0, "0000"},
      {Opcode::kText, true, true, 7, "c107"},
      {Opcode::kPong, true, false, 125, "8a7d"},
      {Opcode::kBinary, true, false, 126, "827e007e"},
      {Opcode::kBinary, true, false, 256, "827e0100"},
      {Opcode::kBinary, true, false, 65535, "827effff"},
      {Opcode::kBinary, true, false, 65536, "827f0000000000010000"},
      {Opcode::kBinary, false, false, 0x0102030405060708, "027f0102030405060708"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.hex);
    ExactBuffer place(test::unhex(row.hex));
    std::ranges::fill(place.bytes(), std::uint8_t{0xEE});
    CHECK(writeHeader(place.bytes().data(), row.opcode, row.fin, row.rsv1, row.length) ==
          place.bytes().size());
    CHECK(hexOf(place.bytes()) == row.hex);
    CHECK(headerSize(row.length) == place.bytes().size());
  }
}

TEST_CASE("the mask is that of a plain loop, for every size, alignment and phase of the key") {
  constexpr std::size_t kMargin = 16;
  const MaskKey wireKey = {{0x37, 0xFA, 0x21, 0x3D}};
  for (std::size_t size = 0; size <= 130; ++size) {
    for (std::size_t alignment = 0; alignment < kMargin; ++alignment) {
      for (std::size_t phase = 0; phase < 4; ++phase) {
        const MaskKey key = wireKey.after(phase);
        std::vector<std::uint8_t> plain(alignment + size);
        std::iota(plain.begin(), plain.end(), std::uint8_t{3});
        const std::vector<std::uint8_t> expected =
            test::plainMask(Bytes(plain).subspan(alignment), key);

        // No margin behind: the sanitizer watches the end.
        ExactBuffer inPlace(plain);
        std::uint8_t* start = inPlace.bytes().data() + alignment;
        applyMask(start, start, size, key);
        REQUIRE(std::ranges::equal(inPlace.bytes().subspan(alignment), expected));
        REQUIRE(
            std::ranges::equal(inPlace.bytes().first(alignment), Bytes(plain).first(alignment)));

        ExactBuffer copy(std::vector<std::uint8_t>(kMargin - alignment + size));
        std::uint8_t* target = copy.bytes().data() + kMargin - alignment;
        applyMask(target, plain.data() + alignment, size, key);
        REQUIRE(std::ranges::equal(copy.bytes().subspan(kMargin - alignment), expected));
      }
    }
  }
}

TEST_CASE("a key goes on after any count of bytes") {
  const MaskKey key = {{1, 2, 3, 4}};
  CHECK(hexOf(key.after(0).bytes) == "01020304");
  CHECK(hexOf(key.after(1).bytes) == "02030401");
  CHECK(hexOf(key.after(7).bytes) == "04010203");
  CHECK(hexOf(key.after(0x1'0000'0002).bytes) == "03040102");
}

}  // namespace
}  // namespace wss::ws
