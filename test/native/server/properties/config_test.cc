// SPDX-License-Identifier: MIT
// Settings by their names, those of the server and those of one connection.
#include "server/properties/config.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "server_fixture.h"
#include "tls_fixture.h"

namespace wss::test {
namespace {

struct Config {
  ServerFixture fixture;
  Peer peer{fixture.port()};
  std::int32_t id = fixture.open(peer);

  [[nodiscard]] std::string of(std::string_view name) const {
    return std::string(name) + "[" + std::to_string(id) + "]";
  }
  /// The value, or the code of the error.
  std::string read(std::string_view name) {
    auto text = server::readConfig(fixture.server(), name);
    return text.ok() ? text.value() : std::to_string(static_cast<int>(text.error().code));
  }
  /// 0, or the code of the error.
  int write(std::string_view name, std::string_view value) {
    const auto written = server::writeConfig(fixture.server(), name, value);
    return written.ok() ? 0 : static_cast<int>(written.error().code);
  }
};

TEST_CASE("settings of the server and of a connection, in any case") {
  Config config;
  CHECK(config.read("maxframesize") == "0");
  CHECK(config.write("MAXFRAMESIZE", "5") == 0);
  CHECK(config.read("MaxFrameSize") == "5");
  CHECK(config.read(config.of("MessageLength")) == "0");
  CHECK(config.write(config.of("messagelength"), "100") == 0);
  CHECK(config.read(config.of("MESSAGELENGTH")) == "100");
}

TEST_CASE("names that nothing has") {
  Config config;
  for (const std::string& name :
       {std::string(), std::string("Nothing"), config.of("Nothing"), std::string("MessageLength"),
        config.of("MaxFrameSize"), config.of("Timeout"), config.of("MessageLength") + " ",
        "MessageLength[" + std::to_string(config.id), "[" + std::to_string(config.id) + "]"}) {
    CAPTURE(name);
    CHECK(config.read(name) == "10022");
    CHECK(config.write(name, "1") == 10022);
  }
}

TEST_CASE("connections that are not there: 126") {
  Config config;
  for (const std::string_view id : {"", "0", "-1", "x", "1x", " 1", "99", "99999999999", "1.5"}) {
    const std::string name = "MessageLength[" + std::string(id) + "]";
    CAPTURE(name);
    CHECK(config.read(name) == "126");
    CHECK(config.write(name, "1") == 126);
  }
}

TEST_CASE("values are of the setting's type and range") {
  Config config;
  const std::string name = config.of("MessageLength");
  for (const std::string_view value : {"", "-1", "x", "1.5", "2147483648", "True"}) {
    CAPTURE(value);
    CHECK(config.write(name, value) == 10022);
    CHECK(config.read(name) == "0");
  }
  CHECK(config.write(name, "2147483647") == 0);
  CHECK(config.read(name) == "2147483647");
}

TEST_CASE("a setting takes effect at once") {
  Config config;
  CHECK(config.write("BlockedClients", "127.0.0.1") == 0);
  Peer blocked(config.fixture.port());
  blocked.send(request());
  CHECK(config.fixture.until(
      [&] { return blocked.ended() || config.fixture.count(EventKind::kConnected) > 1; }));
  CHECK(config.fixture.count(EventKind::kConnected) == 1);
  CHECK(config.write("BlockedClients", "") == 0);
  Peer welcome(config.fixture.port());
  config.fixture.open(welcome);
}

TEST_CASE("a setting of TLS that certificates cannot be served with stays as it was") {
  constexpr std::string_view kSuites = "SSLEnabledCipherSuites";
  Config plain;
  CHECK(plain.write(kSuites, "CALG_DES") == 0);
  Config secure;
  REQUIRE(secure.fixture.server().setCertificates({makeCertificate("own")}).ok());
  const std::string before = secure.read(kSuites);
  CHECK(secure.write(kSuites, "CALG_DES") == 10022);
  CHECK(secure.read(kSuites) == before);
}

TEST_CASE("the uid of a connection: always the same, never another's, not to be set") {
  Config config;
  const std::string uid = config.read(config.of("ConnectionUID"));
  CHECK(uid == config.read(config.of("ConnectionUID")));
  CHECK(uid.find('-') != std::string::npos);
  CHECK(config.write(config.of("ConnectionUID"), "mine") == 10022);
  Config other;
  CHECK(other.id == config.id);
  CHECK(other.read(other.of("ConnectionUID")) != uid);
}

}  // namespace
}  // namespace wss::test
