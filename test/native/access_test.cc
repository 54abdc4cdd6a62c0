// SPDX-License-Identifier: MIT
#include "server/access.h"

#include <doctest/doctest.h>

namespace wss::server {
namespace {

net::Address address(std::string_view host) {
  return net::Address::resolve(host, 1, net::Family::kBoth).value();
}

TEST_CASE("lists of clients") {
  struct Row {
    std::string_view list;
    std::string_view client;
    bool matches;
  };
  constexpr Row kRows[] = {
      {"", "10.0.0.1", false},
      {"*", "10.0.0.1", true},
      {"*", "2001:db8::1", true},
      {"10.0.0.1", "10.0.0.1", true},
      {"10.0.0.1", "10.0.0.2", false},
      {"10.0.0.1", "::ffff:10.0.0.1", true},
      {"::ffff:10.0.0.1", "10.0.0.1", true},
      {"1.1.1.1, 10.0.0.1 ,2.2.2.2", "10.0.0.1", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/31", "10.0.0.1", true},
      {"10.0.0.0/31", "10.0.0.2", false},
      {"10.0.0.7/0", "192.168.0.1", true},
      {"10.0.0.7/0", "::1", false},
      {"10.0.0.1/32", "10.0.0.2", false},
      {"10.*", "10.1.2.3", true},
      {"10.*", "101.1.2.3", false},
      {"192.168.*.*", "192.168.9.9", true},
      {"192.168.7.*", "192.168.8.7", false},
      {"2001:db8::/32", "2001:db8:1::9", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"::1", "::1", true},
      {"localhost", "127.0.0.1", true},
      {"nobody.invalid", "127.0.0.1", false},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.list);
    CAPTURE(row.client);
    REQUIRE(isClientList(row.list));
    ClientList list;
    list.assign(row.list);
    CHECK(list.matches(address(row.client)) == row.matches);
    list.assign(row.list);
    CHECK(list.matches(address(row.client)) == row.matches);
    list.assign("");
    CHECK_FALSE(list.matches(address(row.client)));
  }
}

TEST_CASE("clients without an address") {
  net::Address local;
  local.isUnix = true;
  struct Row {
    std::string_view list;
    bool matches;
  };
  for (const Row& row : {Row{"*", true}, Row{"10.0.0.1,unix:", true}, Row{"", false},
                         Row{"0.0.0.0/0, ::/0", false}, Row{"localhost", false}}) {
    CAPTURE(row.list);
    REQUIRE(isClientList(row.list));
    ClientList list;
    list.assign("unix:");
    list.assign(row.list);
    CHECK(list.matches(local) == row.matches);
  }
  ClientList list;
  list.assign("unix:");
  CHECK_FALSE(list.matches(address("127.0.0.1")));
  AddressCounts counts;
  for (int client = 0; client < 3; ++client) CHECK(counts.add(local, 1));
  counts.remove(local);
}

TEST_CASE("what is no list of clients") {
  for (const std::string_view list :
       {"10.0.0", "10.0.0.256", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "/8", "*.1",
        "10.*.0.1", "1.2.3.4.*", "300.*", "10.*.", "a b", "http://a", "1:2", "*/8", "10.0.0.0/-1",
        "127.0.0.1, ?"}) {
    CAPTURE(list);
    CHECK_FALSE(isClientList(list));
  }
}

TEST_CASE("origins") {
  struct Row {
    std::string_view list;
    std::string_view origin;
    bool allowed;
  };
  constexpr Row kRows[] = {
      {"*", "https://a.example", true},
      {"", "https://a.example", false},
      {"https://a.example", "https://a.example", true},
      {"https://a.example", "HTTPS://A.example", true},
      {"https://a.example", "http://a.example", false},
      {"https://a.example", "https://a.example:444", false},
      {"https://a.example", "https://a.example.evil", false},
      {"https://b.example, https://a.example", "https://a.example", true},
      {"https://*.a.example", "https://x.y.a.example", true},
      {"https://*.a.example", "https://a.example", false},
      {"http://localhost:*", "http://localhost:8080", true},
      {"*a*b*", "xaxbx", true},
      {"*a*b", "xaxbx", false},
      {"null", "null", true},
      {"https://a.example", "null", false},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.list);
    CAPTURE(row.origin);
    CHECK(isAllowedOrigin(row.list, row.origin) == row.allowed);
  }
}

TEST_CASE("connections of one address") {
  AddressCounts counts;
  CHECK(counts.add(address("10.0.0.1"), 2));
  CHECK(counts.add(address("10.0.0.1"), 2));
  CHECK_FALSE(counts.add(address("10.0.0.1"), 2));
  CHECK(counts.add(address("10.0.0.2"), 2));
  counts.remove(address("10.0.0.1"));
  CHECK(counts.add(address("10.0.0.1"), 2));
  counts.remove(address("10.0.0.9"));

  CHECK(counts.add(address("2001:db8::1"), 1));
  CHECK_FALSE(counts.add(address("2001:db8::ffff:2"), 1));
  CHECK(counts.add(address("2001:db8:0:1::1"), 1));
}

}  // namespace
}  // namespace wss::server
