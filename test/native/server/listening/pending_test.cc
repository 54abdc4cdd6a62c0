// SPDX-License-Identifier: MIT
#include "server/listening/pending.h"

#include <doctest/doctest.h>

namespace wss::test {
namespace {

using server::kTicksPerSecond;
using server::Pending;
using For = server::WaitsFor;

net::Address client(std::uint8_t last) {
  net::Address address;
  address.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last};
  return address;
}

net::Address clientOfIPv6(std::uint8_t network, std::uint8_t host) {
  net::Address address;
  address.ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host};
  return address;
}

TEST_CASE("the one that has been silent for longest makes room, after a full turn") {
  Pending pending;
  CHECK(pending.victim({9, 9}) == 0);
  pending.add(1, client(1), {1, 0});
  pending.add(2, client(2), {2, 0});
  CHECK(pending.count() == 2);
  CHECK(pending.victim({2, 0}) == 0);
  CHECK(pending.victim({3, 0}) == 1);
  pending.move(1, For::kPeer, {3, 0});
  CHECK(pending.victim({4, 0}) == 2);
  pending.remove(2);
  pending.remove(2);
  pending.move(2, For::kUs, {4, 0});
  CHECK(pending.victim({4, 0}) == 0);
  CHECK(pending.victim({5, 0}) == 1);
  pending.remove(1);
  CHECK(pending.count() == 0);
  CHECK(pending.victim({9, 9}) == 0);
}

TEST_CASE("who waits for us stays, and who has had an answer has a second") {
  Pending pending;
  pending.add(1, client(1), {1, 0});
  pending.add(2, client(2), {1, 0});
  pending.add(3, client(3), {1, 0});
  pending.move(1, For::kUs, {1, 0});
  pending.move(2, For::kAnswered, {2, 0});
  CHECK(pending.hasSilent());
  CHECK(pending.victim({5, 0}) == 3);
  pending.remove(3);
  CHECK_FALSE(pending.hasSilent());
  CHECK(pending.victim({99, kTicksPerSecond}) == 0);
  CHECK(pending.victim({99, kTicksPerSecond + 1}) == 2);
  pending.add(4, client(4), {100, kTicksPerSecond});
  CHECK(pending.victim({102, kTicksPerSecond + 1}) == 2);
  pending.remove(2);
  CHECK(pending.victim({102, kTicksPerSecond + 1}) == 4);
  pending.move(4, For::kUs, {103, kTicksPerSecond});
  CHECK(pending.victim({999, 999}) == 0);
  CHECK(pending.count() == 2);
}

TEST_CASE("an address that has many of them gives its own away first") {
  Pending pending;
  std::int32_t id = 0;
  for (std::uint8_t other = 1; other <= 60; ++other) pending.add(++id, client(other), {1, 0});
  CHECK(pending.victim({3, 0}) == 1);
  for (int i = 0; i < 5; ++i) pending.add(++id, client(200), {2, 0});
  CHECK(pending.victim({4, 0}) == 61);
  // Where it can give none, or does not stand out any more, anybody does.
  for (std::int32_t own = 61; own <= 65; ++own) pending.move(own, For::kUs, {2, 0});
  CHECK(pending.victim({4, 0}) == 1);
  pending.move(63, For::kPeer, {3, 0});
  CHECK(pending.victim({5, 0}) == 63);
  pending.remove(64);
  pending.remove(65);
  CHECK(pending.victim({5, 0}) == 1);
  for (std::int32_t own = 61; own <= 63; ++own) pending.remove(own);
  CHECK(pending.victim({5, 0}) == 1);
}

TEST_CASE("the victim of one address, of IPv6 of one network") {
  Pending pending;
  pending.add(1, client(1), {1, 0});
  pending.add(2, client(2), {1, 0});
  pending.add(3, clientOfIPv6(1, 1), {1, 0});
  pending.add(4, clientOfIPv6(1, 2), {1, 0});
  pending.add(5, clientOfIPv6(2, 1), {1, 0});
  CHECK(pending.victimOf(client(2), {3, 0}) == 2);
  CHECK(pending.victimOf(client(3), {3, 0}) == 0);
  CHECK(pending.victimOf(clientOfIPv6(1, 9), {3, 0}) == 3);
  pending.remove(3);
  CHECK(pending.victimOf(clientOfIPv6(1, 9), {3, 0}) == 4);
  CHECK(pending.victimOf(clientOfIPv6(2, 9), {3, 0}) == 5);
}

}  // namespace
}  // namespace wss::test
