// SPDX-License-Identifier: MIT
#include "server/settings/settings.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "server/settings/setting_text.h"
#include "server/settings/settings_base.h"
#include "server/settings/settings_server.h"
#include "server/settings/settings_tls.h"

namespace wss::server {
namespace {

/// The tables as one, properties first, each in alphabetical order.
constexpr auto kTable = [] {
  std::array<Setting, kServerSettings.size() + kBaseSettings.size() + kTlsSettings.size()> all{};
  auto end = std::ranges::copy(kServerSettings, all.begin()).out;
  end = std::ranges::copy(kBaseSettings, end).out;
  std::ranges::copy(kTlsSettings, end);
  std::ranges::sort(all, [](const Setting& left, const Setting& right) {
    if (left.property != right.property) return left.property;
    return std::ranges::lexicographical_compare(
        left.name, right.name, [](char a, char b) { return lowerCase(a) < lowerCase(b); });
  });
  return all;
}();

bool isFormed(const Setting& setting, std::string_view value) {
  return setting.isValid == nullptr || setting.isValid(value);
}

Result<void> write(Options& options, const Setting& setting, bool Options::* field,
                   std::string_view value) {
  auto parsed = parseFlag(setting.name, value);
  if (!parsed.ok()) return parsed.error();
  options.*field = parsed.value();
  return {};
}

Result<void> write(Options& options, const Setting& setting, int Options::* field,
                   std::string_view value) {
  auto parsed = parseNumber(setting.name, value, setting.min, setting.max);
  if (!parsed.ok()) return parsed.error();
  if (!isFormed(setting, value)) return notAllowed(setting.name, value, setting.form);
  options.*field = parsed.value();
  return {};
}

Result<void> write(Options& options, const Setting& setting, std::string Options::* field,
                   std::string_view value) {
  if (value.size() > static_cast<std::size_t>(setting.max)) {
    return notAllowed(setting.name, value, "at most " + std::to_string(setting.max) + " bytes");
  }
  if (!isFormed(setting, value)) return notAllowed(setting.name, value, setting.form);
  options.*field = value;
  return {};
}

}  // namespace

std::span<const Setting> settingTable() { return kTable; }

const Setting* findSetting(std::string_view name) {
  const auto row = std::find_if(kTable.begin(), kTable.end(), [name](const Setting& setting) {
    return equalsIgnoringCase(setting.name, name);
  });
  return row == kTable.end() ? nullptr : &*row;
}

std::string readSetting(const Options& options, const Setting& setting) {
  struct Reader {
    const Options& options;
    std::string operator()(bool Options::* field) const { return flagText(options.*field); }
    std::string operator()(int Options::* field) const { return std::to_string(options.*field); }
    std::string operator()(std::string Options::* field) const { return options.*field; }
  };
  return std::visit(Reader{options}, setting.field);
}

Result<void> writeSetting(Options& options, const Setting& setting, std::string_view value,
                          bool listening) {
  if (listening && setting.lockedError != 0) {
    return makeError(static_cast<ErrorCode>(setting.lockedError), "call StopListening first");
  }
  if (setting.readOnly) {
    return makeError(ErrorCode::kInvalidArgument, std::string(setting.name) + " cannot be set");
  }
  auto written =
      std::visit([&](auto field) { return write(options, setting, field, value); }, setting.field);
  if (setting.field == Setting::Field(&Options::useIocp) && options.useIocp) {
    options.useWindowsMessages = false;
  }
  return written;
}

}  // namespace wss::server
