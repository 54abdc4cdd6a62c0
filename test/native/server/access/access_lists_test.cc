// SPDX-License-Identifier: MIT
#include "server/access/access_lists.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>

#include "server/access/host_names.h"
#include "server_fixture.h"

namespace wss::server {
namespace {

net::Address address(std::string_view host) {
  return net::Address::resolve(host, 1, net::Family::kBoth).value();
}

/// What the name server of these tests says from now on; read by the thread that looks up.
enum class World : std::uint8_t { kBefore, kMoved, kSilent, kGone };
std::atomic<World> world = World::kBefore;

/// "many" has addresses of both families and a mapped one, "moved" another one later.
Result<std::vector<net::Address>> resolver(const std::string& name) {
  if (world == World::kSilent) return makeError(ErrorCode::kHostNotFoundTryAgain, name);
  if (world == World::kGone) return makeError(ErrorCode::kHostNotFound, name);
  if (name == "many") {
    return std::vector{address("10.0.0.1"), address("2001:db8::1"), address("::ffff:10.0.0.2")};
  }
  if (name != "moved") return makeError(ErrorCode::kHostNotFound, name);
  return std::vector{address(world == World::kBefore ? "127.0.0.1" : "10.0.0.4")};
}

HostNames hostNames() {
  HostNames names;
  names.resolver = resolver;
  world = World::kBefore;
  return names;
}

HostNames::Failures refreshed(HostNames& names) {
  names.refresh();
  HostNames::Failures failures;
  while (names.refreshing()) {
    ::poll(nullptr, 0, 1);
    failures = names.takeRefreshed();
  }
  return failures;
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
    HostNames known;
    CHECK(list.assign(row.list) == !row.list.empty());
    (void)known.know(list.names());
    CHECK(list.matches(address(row.client), known) == row.matches);
    CHECK_FALSE(list.assign(row.list));
    CHECK(list.matches(address(row.client), known) == row.matches);
    list.assign("");
    CHECK_FALSE(list.matches(address(row.client), known));
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
    CHECK(list.matches(local, HostNames()) == row.matches);
  }
  ClientList list;
  list.assign("unix:");
  CHECK_FALSE(list.matches(address("127.0.0.1"), HostNames()));
  AddressCounts counts;
  for (int client = 0; client < 3; ++client) CHECK(counts.add(local, 1));
  counts.remove(local);
}

TEST_CASE("every address of a name counts") {
  HostNames names = hostNames();
  ClientList list;
  list.assign("192.168.0.1, many, nobody");
  const HostNames::Failures failures = names.know(list.names());
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].name == "nobody");
  CHECK(failures[0].error.code == ErrorCode::kHostNotFound);
  for (const std::string_view client :
       {"192.168.0.1", "10.0.0.1", "2001:db8::1", "10.0.0.2", "::ffff:10.0.0.2"}) {
    CAPTURE(client);
    CHECK(list.matches(address(client), names));
  }
  CHECK_FALSE(list.matches(address("10.0.0.3"), names));
}

TEST_CASE("names are looked up again: what is answered counts, and silence changes nothing") {
  HostNames names = hostNames();
  CHECK(names.know({"moved", "many"}).empty());
  CHECK(names.has("moved", address("127.0.0.1")));
  CHECK(refreshed(names).empty());
  CHECK(names.has("moved", address("127.0.0.1")));
  world = World::kMoved;
  CHECK(refreshed(names).empty());
  CHECK_FALSE(names.has("moved", address("127.0.0.1")));
  CHECK(names.has("moved", address("10.0.0.4")));
  world = World::kSilent;
  CHECK(refreshed(names).size() == 2);
  CHECK(names.has("moved", address("10.0.0.4")));
  world = World::kGone;
  CHECK(refreshed(names).size() == 2);
  CHECK_FALSE(names.has("moved", address("10.0.0.4")));
  CHECK_FALSE(names.has("many", address("10.0.0.1")));
}

TEST_CASE("a name that is looked up while the list changes") {
  HostNames names = hostNames();
  CHECK(names.know({"moved"}).empty());
  names.refresh();
  CHECK(names.know({"many"}).empty());
  while (names.refreshing()) {
    ::poll(nullptr, 0, 1);
    CHECK(names.takeRefreshed().empty());
  }
  CHECK_FALSE(names.has("moved", address("127.0.0.1")));
  CHECK(names.has("many", address("10.0.0.1")));
}

TEST_CASE("a server looks names up when it starts and as time goes by, not when a client comes") {
  world = World::kBefore;
  test::ServerFixture fixture(test::ManualClock::read);
  fixture.server().stopListening();
  fixture.server().setResolver(resolver);
  fixture.options().allowedClients = "moved, nobody";
  REQUIRE(fixture.server().startListening().ok());
  fixture.turn();
  CHECK(fixture.count(EventKind::kError) == 1);
  CHECK(fixture.last(EventKind::kError).value == 11001);
  CHECK(fixture.last(EventKind::kError).payload.find("AllowedClients") != std::string::npos);
  test::Peer first(fixture.port());
  fixture.open(first);

  world = World::kMoved;
  test::Peer second(fixture.port());
  fixture.open(second);
  fixture.pass(29'000);
  test::Peer third(fixture.port());
  fixture.open(third);
  fixture.pass(1200);
  // The thread takes as long as it takes; its result is looked for at each tick.
  CHECK(fixture.until([&] {
    fixture.pass(100);
    return fixture.count(EventKind::kError) == 2;
  }));
  test::Peer fourth(fixture.port());
  CHECK(fixture.until([&] { return fourth.ended(); }));
  CHECK(fixture.server().connectedCount() == 3);
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

}  // namespace
}  // namespace wss::server
