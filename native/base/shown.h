// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace wss {

/// What a user has given, for the message of an error: some 200 bytes of it at most, and whole
/// characters of UTF-8.
inline std::string shown(std::string_view given) {
  constexpr std::size_t kMost = 200;
  if (given.size() <= kMost) return std::string(given);
  std::size_t end = kMost;
  while (end > kMost - 4 && (static_cast<unsigned char>(given[end]) & 0xC0) == 0x80) --end;
  return std::string(given.substr(0, end)).append("…");
}

}  // namespace wss
