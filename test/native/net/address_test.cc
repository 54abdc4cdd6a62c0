// SPDX-License-Identifier: MIT
#include "net/address.h"

#include <doctest/doctest.h>
#include <netdb.h>
#include <sys/socket.h>

#include <string_view>

namespace wss::net {
namespace {

TEST_CASE("addresses as they are written") {
  struct Row {
    std::string_view host;
    std::string_view shown;
    std::string_view text;
    bool isIPv4;
    bool isAny;
  };
  const Row rows[] = {
      {"127.0.0.1", "127.0.0.1", "127.0.0.1:80", true, false},
      {"0.0.0.0", "0.0.0.0", "0.0.0.0:80", true, true},
      {"255.255.255.255", "255.255.255.255", "255.255.255.255:80", true, false},
      {"::1", "::1", "[::1]:80", false, false},
      {"::", "::", "[::]:80", false, true},
      {"2001:DB8:0::1", "2001:db8::1", "[2001:db8::1]:80", false, false},
      {"::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4:80", true, false},
      {"::ffff:0.0.0.0", "0.0.0.0", "0.0.0.0:80", true, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.host);
    for (const Family family : {Family::kIPv4, Family::kIPv6, Family::kBoth}) {
      auto resolved = Address::resolve(row.host, 80, family);
      REQUIRE(resolved.ok());
      const Address address = resolved.value();
      CHECK(address.host() == row.shown);
      CHECK(address.text() == row.text);
      CHECK(address.isIPv4() == row.isIPv4);
      CHECK(address.isAny() == row.isAny);

      sockaddr_storage storage;
      const socklen_t size = address.toSockaddr(&storage);
      CHECK(storage.ss_family == (row.isIPv4 ? AF_INET : AF_INET6));
      CHECK(size <= sizeof storage);
      const Address back = Address::from(reinterpret_cast<const sockaddr*>(&storage));
      CHECK(back.ip == address.ip);
      CHECK(back.port == 80);
    }
  }
}

TEST_CASE("no host is every interface of the family") {
  CHECK(Address::resolve("", 0, Family::kIPv4).value().text() == "0.0.0.0:0");
  CHECK(Address::resolve("", 0, Family::kIPv6).value().text() == "[::]:0");
  CHECK(Address::resolve("", 65'535, Family::kBoth).value().text() == "[::]:65535");
}

TEST_CASE("names are looked up in their family") {
  CHECK(Address::resolve("localhost", 1, Family::kIPv4).value().host() == "127.0.0.1");
  CHECK(lookupErrorCode(EAI_NONAME) == ErrorCode::kHostNotFound);
  CHECK(lookupErrorCode(EAI_AGAIN) == ErrorCode::kHostNotFoundTryAgain);
  CHECK(lookupErrorCode(EAI_FAIL) == ErrorCode::kNameServerFailed);
#ifdef EAI_NODATA
  CHECK(lookupErrorCode(EAI_NODATA) == ErrorCode::kNoAddressForName);
#endif
  const auto resolved = Address::resolve("no.such.host.invalid", 1, Family::kBoth);
  REQUIRE_FALSE(resolved.ok());
  CHECK(resolved.error().code == ErrorCode::kHostNotFound);
  CHECK(resolved.error().message.find("no.such.host.invalid") != std::string::npos);
}

TEST_CASE("what is no address of the internet is none") {
  sockaddr other{};
  other.sa_family = AF_UNIX;
  const Address address = Address::from(&other);
  CHECK(address.isAny());
  CHECK(address.port == 0);
}

}  // namespace
}  // namespace wss::net
