// SPDX-License-Identifier: MIT
#include "server/properties/config.h"

#include <algorithm>
#include <charconv>

#include "base/shown.h"
#include "base/text.h"
#include "server/properties/properties.h"
#include "server/settings/setting_text.h"
#include "server/settings/settings.h"

namespace wss::server {
namespace {

/// A setting of one connection.
struct Target {
  const Property* property;
  Connection* connection;
};

const Property* findProperty(std::string_view name) {
  const auto rows = propertyTable();
  const auto row = std::find_if(rows.begin(), rows.end(), [name](const Property& property) {
    return property.setting && equalsIgnoringCase(property.name, name);
  });
  return row == rows.end() ? nullptr : &*row;
}

/// What `name`, in which a bracket is at `bracket`, stands for.
Result<Target> findTarget(Server& server, std::string_view name, std::size_t bracket) {
  const Property* const property = findProperty(name.substr(0, bracket));
  if (property == nullptr || !name.ends_with(']')) return noSuchSetting(name);
  const std::string_view text = name.substr(bracket + 1, name.size() - bracket - 2);
  std::int32_t id = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = status == std::errc{} && stop == text.data() + text.size();
  Connection* const connection = whole ? server.ask(id) : nullptr;
  if (connection == nullptr) {
    return notConnected(text);
  }
  return Target{property, connection};
}

std::string textOf(const PropertyValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return flagText(*flag);
  if (const int* number = std::get_if<int>(&value)) return std::to_string(*number);
  return *std::get_if<std::string>(&value);
}

/// `text` as a value of the type that the property has.
Result<PropertyValue> parse(const Target& target, std::string_view text) {
  const Property& property = *target.property;
  const PropertyValue like = property.read(*target.connection);
  if (std::holds_alternative<bool>(like)) {
    auto flag = parseFlag(property.name, text);
    return flag.ok() ? Result<PropertyValue>(flag.value()) : flag.error();
  }
  if (std::holds_alternative<int>(like)) {
    auto number = parseNumber(property.name, text, property.min, property.max);
    return number.ok() ? Result<PropertyValue>(number.value()) : number.error();
  }
  return PropertyValue(std::string(text));
}

}  // namespace

Result<std::string> readConfig(Server& server, std::string_view name) {
  const std::size_t bracket = name.find('[');
  if (bracket == std::string_view::npos) {
    const Setting* const setting = findSetting(name);
    if (setting == nullptr) return noSuchSetting(name);
    return readSetting(server.options(), *setting);
  }
  auto target = findTarget(server, name, bracket);
  if (!target.ok()) return target.error();
  return textOf(target.value().property->read(*target.value().connection));
}

Result<void> writeConfig(Server& server, std::string_view name, std::string_view value) {
  const std::size_t bracket = name.find('[');
  if (bracket == std::string_view::npos) {
    const Setting* const setting = findSetting(name);
    if (setting == nullptr) return noSuchSetting(name);
    return server.set(*setting, value);
  }
  auto target = findTarget(server, name, bracket);
  if (!target.ok()) return target.error();
  auto parsed = parse(target.value(), value);
  if (!parsed.ok()) return parsed.error();
  return writeProperty(*target.value().connection, *target.value().property, parsed.value());
}

Error noSuchSetting(std::string_view name) {
  std::string detail("there is no setting called \"");
  detail.append(shown(name))
      .append(findProperty(name) == nullptr ? "\": WSServer.describe() lists those there are"
                                            : "\" without a [ConnectionId]");
  return makeError(ErrorCode::kInvalidArgument, detail);
}

}  // namespace wss::server
