// SPDX-License-Identifier: MIT
#include "server/settings/setting_text.h"

#include <charconv>

#include "base/shown.h"
#include "base/text.h"

namespace wss::server {

Result<bool> parseFlag(std::string_view name, std::string_view value) {
  for (const std::string_view yes : {"true", "yes", "1"}) {
    if (equalsIgnoringCase(value, yes)) return true;
  }
  for (const std::string_view no : {"false", "no", "0"}) {
    if (equalsIgnoringCase(value, no)) return false;
  }
  return notAllowed(name, value, "True, False, Yes, No, 1 or 0");
}

Result<int> parseNumber(std::string_view name, std::string_view value, std::int64_t min,
                        std::int64_t max) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, status] = std::from_chars(value.data(), end, number);
  if (status != std::errc{} || stop != end || number < min || number > max) {
    return notInRange(name, value, min, max);
  }
  return static_cast<int>(number);
}

std::optional<std::uint32_t> parseBits(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  std::uint32_t flags = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, flags, hexadecimal ? 16 : 10);
  if (text.empty() || status != std::errc{} || stop != end) return std::nullopt;
  return flags;
}

bool isBits(std::string_view text) { return parseBits(text).has_value(); }

bool isFlagOrAuto(std::string_view text) {
  return equalsIgnoringCase(text, "Auto") || parseFlag({}, text).ok();
}

bool isSlowPolicy(std::string_view text) {
  return equalsIgnoringCase(text, "Skip") || disconnectsSlow(text);
}

bool disconnectsSlow(std::string_view policy) { return equalsIgnoringCase(policy, "Disconnect"); }

bool isFileMode(std::string_view text) {
  const bool octal = text.find_first_not_of("01234567") == std::string_view::npos;
  return octal && (text.size() <= 3 || (text.size() == 4 && text.front() == '0'));
}

int fileMode(std::string_view text) {
  int mode = -1;
  std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  return mode;
}

Error notAllowed(std::string_view name, std::string_view value, std::string_view allowed) {
  std::string detail;
  detail.append(name).append(" cannot be \"").append(shown(value)).append("\": it takes ");
  return makeError(ErrorCode::kInvalidArgument, detail.append(allowed));
}

Error notInRange(std::string_view name, std::string_view value, std::int64_t min,
                 std::int64_t max) {
  return notAllowed(name, value,
                    "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

}  // namespace wss::server
