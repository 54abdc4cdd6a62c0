// SPDX-License-Identifier: MIT
// Argon2 and its hash by the vectors of RFC 9106 §5 and RFC 7693 appendix A.
#include "tls/formats/argon2.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "tls/formats/blake2b.h"

namespace wss::tls {
namespace {

std::string hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

TEST_CASE("BLAKE2b") {
  std::array<std::uint8_t, 64> digest;
  Blake2b(64).update(bytesOf("abc")).finish(digest);
  CHECK(hex(digest) ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de45"
        "33cc9518d38aa8dbf1925ab92386edd4009923");
  // A block and more, in pieces that do not fit it.
  const std::string text(300, 'x');
  std::array<std::uint8_t, 64> pieces;
  Blake2b hash(64);
  for (std::size_t at = 0; at < text.size(); at += 7) hash.update(bytesOf(text.substr(at, 7)));
  hash.finish(pieces);
  Blake2b(64).update(bytesOf(text)).finish(digest);
  CHECK(digest == pieces);
}

Argon2 example(Argon2::Kind kind) {
  static const std::vector<std::uint8_t> password(32, 1);
  static const std::vector<std::uint8_t> salt(16, 2);
  static const std::vector<std::uint8_t> secret(8, 3);
  static const std::vector<std::uint8_t> data(12, 4);
  return {kind, 32, 3, 4, password, salt, secret, data};
}

TEST_CASE("Argon2") {
  const auto tagOf = [](Argon2::Kind kind) {
    std::array<std::uint8_t, 32> tag;
    REQUIRE(argon2(example(kind), tag));
    return hex(tag);
  };
  CHECK(tagOf(Argon2::Kind::kD) ==
        "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb");
  CHECK(tagOf(Argon2::Kind::kI) ==
        "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8");
  CHECK(tagOf(Argon2::Kind::kId) ==
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

TEST_CASE("Argon2: numbers that are not allowed, or would take too long") {
  std::array<std::uint8_t, 32> tag;
  const auto taken = [&](std::uint32_t memory, std::uint32_t passes, std::uint32_t lanes) {
    Argon2 parameters = example(Argon2::Kind::kId);
    parameters.memory = memory;
    parameters.passes = passes;
    parameters.lanes = lanes;
    return argon2(parameters, tag);
  };
  CHECK(taken(8, 1, 1));
  CHECK_FALSE(taken(7, 1, 1));
  CHECK_FALSE(taken(0, 1, 1));
  CHECK_FALSE(taken(8, 0, 1));
  CHECK_FALSE(taken(8, 1, 0));
  CHECK_FALSE(taken(64, 1, 9));
  CHECK_FALSE(taken(kMaxArgon2Memory + 1, 1, 1));
  CHECK_FALSE(taken(8, 0xffffffff, 1));
  CHECK_FALSE(taken(0xffffffff, 0xffffffff, 0xffffffff));
}

}  // namespace
}  // namespace wss::tls
