// SPDX-License-Identifier: MIT
#include "server/listening/address_counts.h"

#include <doctest/doctest.h>

namespace wss::server {
namespace {

net::Address address(std::string_view host) {
  return net::Address::resolve(host, 1, net::Family::kBoth).value();
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
