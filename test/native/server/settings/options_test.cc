// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>

#include "server/settings/settings.h"

namespace wss::server {
namespace {

const Setting& row(std::string_view name) {
  const Setting* const setting = findSetting(name);
  REQUIRE(setting != nullptr);
  return *setting;
}

std::string read(const Options& options, std::string_view name) {
  return readSetting(options, row(name));
}

Result<void> write(Options& options, std::string_view name, std::string_view value,
                   bool listening = false) {
  return writeSetting(options, row(name), value, listening);
}

TEST_CASE("the table is in order, unique and described") {
  std::set<std::string> names;
  std::string last;
  bool wasProperty = true;
  for (const Setting& setting : settingTable()) {
    CAPTURE(setting.name);
    CHECK(names.insert(std::string(setting.name)).second);
    CHECK_FALSE((setting.property && !wasProperty));
    if (setting.property != wasProperty) last.clear();
    wasProperty = setting.property;
    std::string name(setting.name);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    CHECK(last < name);
    last = name;
    CHECK(setting.doc.ends_with('.'));
    CHECK(setting.min <= setting.max);
  }
}

TEST_CASE("defaults") {
  struct Row {
    std::string_view name;
    std::string_view value;
  };
  const Row rows[] = {
      {"DefaultTimeout", "0"},
      {"LocalHost", ""},
      {"LocalPort", "0"},
      {"BufferMessage", "True"},
      {"ClientContextTakeover", "False"},
      {"AutoPong", "True"},
      {"ClientMaxWindowBits", "15"},
      {"CloseTimeout", "10"},
      {"CompressionLevel", "1"},
      {"CompressionMemoryLevel", "8"},
      {"CompressionThreshold", "1024"},
      {"DefaultConnectionTimeout", "10"},
      {"DisconnectStatusCode", "1000"},
      {"DisconnectStatusDescription", ""},
      {"EnablePermessageDeflate", "True"},
      {"IdleTimeout", "0"},
      {"InBufferSize", "0"},
      {"LogLevel", "1"},
      {"MaxConnections", "1000"},
      {"MaxFragments", "131072"},
      {"MaxFrameSize", "0"},
      {"MaxMessageSize", "16777216"},
      {"MaxPendingConnections", "4000"},
      {"MaxQueuedBytes", "1048576"},
      {"MaxQueuedBytesTotal", "268435456"},
      {"MaxReadTime", "50"},
      {"MaxRequestHeaders", "100"},
      {"MaxRequestHeaderSize", "16384"},
      {"MaxUnfinishedBytes", "536870912"},
      {"MessageTimeout", "60"},
      {"OutBufferSize", "0"},
      {"PingInterval", "0"},
      {"QueueSends", "False"},
      {"SelectWaitMillis", "20"},
      {"SendTimeout", "60"},
      {"ServerContextTakeover", "False"},
      {"ServerMaxWindowBits", "15"},
      {"SkipUTF8Validation", "False"},
      {"TcpNoDelay", "True"},
      {"UseIPv6", "0"},
      {"WaitForCloseResponse", "True"},
  };
  const Options options;
  for (const Row& expected : rows) {
    CAPTURE(expected.name);
    CHECK(read(options, expected.name) == expected.value);
  }
  CHECK(options.connectionBacklog > 0);
}

TEST_CASE("what is read-only cannot be set") {
  Options options;
  for (const std::string_view name : {"BuildInfo", "LicenseInfo"}) {
    CAPTURE(name);
    const auto written = writeSetting(options, *findSetting(name), "mine", false);
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().code == ErrorCode::kInvalidArgument);
    CHECK(read(options, name).empty());
  }
}

TEST_CASE("UseIOCP sets UseWindowsMessages to False") {
  Options options;
  CHECK(write(options, "UseWindowsMessages", "True", false).ok());
  CHECK(write(options, "UseIOCP", "False", false).ok());
  CHECK(read(options, "UseWindowsMessages") == "True");
  CHECK(write(options, "UseIOCP", "True", false).ok());
  CHECK(read(options, "UseWindowsMessages") == "False");
}

TEST_CASE("every default may be set as it is") {
  Options options;
  for (const Setting& setting : settingTable()) {
    if (setting.readOnly) continue;
    CAPTURE(setting.name);
    const std::string value = readSetting(options, setting);
    CHECK(writeSetting(options, setting, value, false).ok());
    CHECK(readSetting(options, setting) == value);
  }
}

TEST_CASE("numbers are taken within their bounds, and only those") {
  for (const Setting& setting : settingTable()) {
    if (!std::holds_alternative<int Options::*>(setting.field)) continue;
    CAPTURE(setting.name);
    Options options;
    for (const std::int64_t number : {setting.min, setting.max}) {
      const std::string value = std::to_string(number);
      CHECK(writeSetting(options, setting, value, false).ok());
      CHECK(readSetting(options, setting) == value);
    }
    const std::string before = readSetting(options, setting);
    for (const std::string& value :
         {std::to_string(setting.min - 1), std::to_string(setting.max + 1), std::string(),
          std::string("x"), std::string("1x"), std::string(" 1000"), std::string("1000 "),
          std::string("+1000"), std::string("1000.0"), std::string("99999999999999999999"),
          std::string("1000\0", 5)}) {
      CAPTURE(value);
      const Result<void> written = writeSetting(options, setting, value, false);
      REQUIRE_FALSE(written.ok());
      CHECK(written.error().code == ErrorCode::kInvalidArgument);
      CHECK(written.error().message.find(setting.name) != std::string::npos);
      CHECK(written.error().message.find(std::to_string(setting.max)) != std::string::npos);
      CHECK(readSetting(options, setting) == before);
    }
  }
}

TEST_CASE("booleans") {
  Options options;
  for (const std::string_view yes : {"True", "true", "TRUE", "yes", "1"}) {
    CAPTURE(yes);
    options.tcpNoDelay = false;
    CHECK(write(options, "TcpNoDelay", yes).ok());
    CHECK(read(options, "TcpNoDelay") == "True");
  }
  for (const std::string_view no : {"False", "false", "FALSE", "No", "0"}) {
    CAPTURE(no);
    options.tcpNoDelay = true;
    CHECK(write(options, "TcpNoDelay", no).ok());
    CHECK(read(options, "TcpNoDelay") == "False");
  }
  for (const std::string_view neither : {"", "2", "t", "on", " true", "True "}) {
    CAPTURE(neither);
    const Result<void> written = write(options, "TcpNoDelay", neither);
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().code == ErrorCode::kInvalidArgument);
    CHECK(read(options, "TcpNoDelay") == "False");
  }
}

TEST_CASE("texts are taken up to their size") {
  Options options;
  const std::string longest(123, 'x');
  CHECK(write(options, "DisconnectStatusDescription", longest).ok());
  const Result<void> written = write(options, "DisconnectStatusDescription", longest + "x");
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().code == ErrorCode::kInvalidArgument);
  CHECK(options.disconnectStatusDescription == longest);
  CHECK(write(options, "DisconnectStatusDescription", "").ok());
  CHECK(options.disconnectStatusDescription.empty());
}

TEST_CASE("only a code that may be sent is taken as the status of a disconnect") {
  Options options;
  for (const std::string_view code : {"1000", "1001", "1003", "1007", "1014", "3000", "4999"}) {
    CAPTURE(code);
    CHECK(write(options, "DisconnectStatusCode", code).ok());
    CHECK(read(options, "DisconnectStatusCode") == code);
  }
  for (const std::string_view code : {"1004", "1005", "1006", "1015", "2000", "2999"}) {
    CAPTURE(code);
    CHECK_FALSE(write(options, "DisconnectStatusCode", code).ok());
  }
  CHECK(options.disconnectStatusCode == 4999);
}

TEST_CASE("what must not change while listening") {
  struct Row {
    std::string_view name;
    std::string_view value;
    int code;
  };
  const Row rows[] = {
      {"LocalHost", "127.0.0.1", 107}, {"LocalPort", "8080", 106}, {"MaxConnections", "5", 108}};
  for (const Row& locked : rows) {
    CAPTURE(locked.name);
    Options options;
    const std::string before = read(options, locked.name);
    const Result<void> written = write(options, locked.name, locked.value, true);
    REQUIRE_FALSE(written.ok());
    CHECK(static_cast<int>(written.error().code) == locked.code);
    CHECK(read(options, locked.name) == before);
    CHECK(write(options, locked.name, locked.value, false).ok());
    CHECK(read(options, locked.name) == locked.value);
  }
  const auto isLocked = [](const Setting& setting) { return setting.lockedError != 0; };
  CHECK(std::ranges::count_if(settingTable(), isLocked) == std::ssize(rows));
  Options options;
  CHECK(write(options, "LogLevel", "3", true).ok());
}

TEST_CASE("settings are found in any case, and only whole") {
  CHECK(findSetting("tcpnodelay") == findSetting("TcpNoDelay"));
  CHECK(findSetting("MAXMESSAGESIZE")->name == "MaxMessageSize");
  for (const std::string_view name : {"", "TcpNoDela", "TcpNoDelayX", "Tcp NoDelay", "Nothing"}) {
    CAPTURE(name);
    CHECK(findSetting(name) == nullptr);
  }
}

}  // namespace
}  // namespace wss::server
