// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <string>

#include "base/digest.h"
#include "base/error.h"
#include "reference.h"

namespace wss {
namespace {

TEST_CASE("a queue gives bytes back in the order in which they came") {
  ByteQueue queue;
  std::string expected;
  std::size_t appended = 0;
  std::size_t consumed = 0;
  for (std::size_t step = 1; step < 400; ++step) {
    for (std::size_t i = 0; i < step; ++i) {
      const char c = static_cast<char>('a' + appended++ % 26);
      queue.append(std::string_view(&c, 1));
      expected += c;
    }
    const std::size_t count = step * 2 / 3;
    queue.consume(count);
    consumed += count;
    REQUIRE(textOf(queue.bytes()) == std::string_view(expected).substr(consumed));
  }
  CHECK(queue.capacity() < 8 * queue.size());
}

TEST_CASE("an empty queue holds no memory") {
  ByteQueue queue;
  CHECK(queue.capacity() == 0);
  queue.append("abc");
  CHECK(queue.capacity() == 232);
  queue.consume(3);
  CHECK(queue.empty());
  CHECK(queue.capacity() == 0);
  queue.append("abc");
  queue.clear();
  CHECK(queue.capacity() == 0);
}

TEST_CASE("a queue grows by doubling, or to what is asked for at once") {
  ByteQueue queue;
  queue.extend(232);
  CHECK(queue.capacity() == 232);
  queue.extend(1);
  CHECK(queue.capacity() == 464);
  queue.extend(10'000);
  CHECK(queue.capacity() == 10'233);
}

TEST_CASE("a queue of which half was consumed makes room without growing") {
  ByteQueue queue;
  queue.append(std::string(232, 'x'));
  queue.consume(115);
  queue.append("y");
  CHECK(queue.capacity() == 464);

  ByteQueue other;
  other.append(std::string(232, 'x'));
  other.consume(116);
  other.append("y");
  CHECK(other.capacity() == 232);
  CHECK(textOf(other.bytes()) == std::string(116, 'x') + "y");
}

TEST_CASE("a queue can be shortened, moved, swapped and released") {
  ByteQueue queue;
  queue.append("abcdef");
  queue.shrink(2);
  CHECK(textOf(queue.bytes()) == "abcd");

  ByteQueue moved(std::move(queue));
  CHECK(textOf(moved.bytes()) == "abcd");
  ByteQueue other;
  other.append("z");
  other.swap(moved);
  CHECK(textOf(other.bytes()) == "abcd");
  moved = std::move(other);
  CHECK(textOf(moved.bytes()) == "abcd");

  std::uint8_t* data = moved.release();
  CHECK(textOf({data, 4}) == "abcd");
  CHECK(moved.empty());
  ByteQueue::freeReleased(data);
}

TEST_CASE("SHA-1") {
  struct Row {
    std::string_view name;
    std::string input;
    std::string_view digest;
  };
  const Row rows[] = {
      {"RFC 3174 test 1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"RFC 3174 test 2", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
      {"RFC 3174 test 3", std::string(1'000'000, 'a'), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
      {"empty", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"55 bytes: the last that leave room for the size", std::string(55, 'a'),
       "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
      {"56 bytes", std::string(56, 'a'), "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
      {"64 bytes", std::string(64, 'a'), "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    test::ExactBuffer input(bytesOf(row.input));
    CHECK(test::hexOf(sha1(input.bytes())) == row.digest);
  }
}

TEST_CASE("Base64 of RFC 4648 §10") {
  struct Row {
    std::string_view plain;
    std::string_view encoded;
  };
  const Row rows[] = {{"", ""},
                      {"f", "Zg=="},
                      {"fo", "Zm8="},
                      {"foo", "Zm9v"},
                      {"foob", "Zm9vYg=="},
                      {"fooba", "Zm9vYmE="},
                      {"foobar", "Zm9vYmFy"},
                      {"\xFB\xFF\xBF", "+/+/"}};
  for (const Row& row : rows) {
    CAPTURE(row.encoded);
    CHECK(base64Encode(bytesOf(row.plain)) == row.encoded);
    CHECK(isBase64Of(row.encoded, row.plain.size()));
    CHECK_FALSE(isBase64Of(row.encoded, row.plain.size() + 1));
  }
}

TEST_CASE("what is not canonical Base64 is refused") {
  for (const std::string_view text :
       {"Zh==", "Zm9=", "Zg=", "Zg", "Z===", "Zg=A", "Z-==", "=Zg=", " Zg=", "Zg==Zg=="}) {
    CAPTURE(text);
    CHECK_FALSE(isBase64Of(text, 1));
    CHECK_FALSE(isBase64Of(text, 2));
  }
}

TEST_CASE("the error table is ascending, unique and complete") {
  std::set<std::string_view> names;
  int last = 0;
  for (const ErrorRow& row : errorTable()) {
    CAPTURE(row.code);
    CHECK(row.code > last);
    last = row.code;
    CHECK(names.insert(row.name).second);
    CHECK(row.text.ends_with('.'));
    const std::string prefix = "[" + std::to_string(row.code) + "] ";
    CHECK(row.text.starts_with(prefix) == (row.code >= 10004));
  }
  CHECK(errorTable().size() == 74);
}

TEST_CASE("errno values have their documented codes") {
  struct Row {
    int posix;
    int code;
  };
  const Row rows[] = {
      {EINTR, 10004},           {EBADF, 10009},        {EACCES, 10013},
      {EPERM, 10013},           {EFAULT, 10014},       {EINVAL, 10022},
      {EMFILE, 10024},          {ENFILE, 10024},       {EAGAIN, 10035},
      {EWOULDBLOCK, 10035},     {EINPROGRESS, 10036},  {EALREADY, 10037},
      {ENOTSOCK, 10038},        {EDESTADDRREQ, 10039}, {EMSGSIZE, 10040},
      {EPROTOTYPE, 10041},      {ENOPROTOOPT, 10042},  {EPROTONOSUPPORT, 10043},
      {ESOCKTNOSUPPORT, 10044}, {EOPNOTSUPP, 10045},   {EPFNOSUPPORT, 10046},
      {EAFNOSUPPORT, 10047},    {EADDRINUSE, 10048},   {EADDRNOTAVAIL, 10049},
      {ENETDOWN, 10050},        {ENETUNREACH, 10051},  {ENETRESET, 10052},
      {ECONNABORTED, 10053},    {EPIPE, 10054},        {ECONNRESET, 10054},
      {ENOMEM, 10055},          {ENOBUFS, 10055},      {EISCONN, 10056},
      {ENOTCONN, 10057},        {ESHUTDOWN, 10058},    {ETOOMANYREFS, 10059},
      {ETIMEDOUT, 10060},       {ECONNREFUSED, 10061}, {ELOOP, 10062},
      {ENAMETOOLONG, 10063},    {EHOSTDOWN, 10064},    {EHOSTUNREACH, 10065},
      {ENOTEMPTY, 10066},       {EUSERS, 10068},       {EDQUOT, 10069},
      {ESTALE, 10070},          {EREMOTE, 10071},      {EXDEV, 10022},
  };
  for (const Row& row : rows) {
    CAPTURE(row.posix);
    CHECK(static_cast<int>(systemErrorCode(row.posix)) == row.code);
  }
}

TEST_CASE("every errno is mapped to a row of the table") {
  for (int posix = 1; posix < 200; ++posix) {
    const Error error = systemError(posix, "call");
    CHECK_FALSE(error.message.empty());
  }
}

TEST_CASE("messages") {
  CHECK(makeError(ErrorCode::kAlreadyListening).message == "SSLServer is already listening.");
  const Error error = systemError(EADDRINUSE, "bind");
  CHECK(error.code == ErrorCode::kAddressInUse);
  CHECK(error.message == "[10048] Address already in use. bind: Address already in use");
}

TEST_CASE("a result holds a value or an error") {
  Result<int> value = 7;
  REQUIRE(value.ok());
  CHECK(value.value() == 7);
  const Result<int> wrong = makeError(ErrorCode::kTimedOut);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == ErrorCode::kTimedOut);
  CHECK(Result<void>().ok());
  const Result<void> failed = makeError(ErrorCode::kSendFailed);
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().code == ErrorCode::kSendFailed);
}

}  // namespace
}  // namespace wss
