// SPDX-License-Identifier: MIT
// A list of texts in one payload, whatever they hold: before each its length, in four bytes, the
// least significant first. lib/boundary/fields.ts reads and writes the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace wss::server {

inline constexpr std::size_t kFieldHead = 4;

/// Writes `field` to `place`, which has room for kFieldHead bytes more than it is long. Returns
/// where the next one goes.
inline std::uint8_t* putField(std::uint8_t* place, std::string_view field) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    *place++ = static_cast<std::uint8_t>(field.size() >> shift);
  }
  if (!field.empty()) std::memcpy(place, field.data(), field.size());
  return place + field.size();
}

/// Takes the first field off `list`; what is cut short is taken as far as it goes.
inline std::string_view takeField(std::string_view& list) {
  if (list.size() < kFieldHead) return list = {};
  std::size_t size = 0;
  for (std::size_t at = kFieldHead; at > 0; --at) {
    size = size << 8 | static_cast<std::uint8_t>(list[at - 1]);
  }
  list.remove_prefix(kFieldHead);
  const std::string_view field = list.substr(0, size);
  list.remove_prefix(field.size());
  return field;
}

}  // namespace wss::server
