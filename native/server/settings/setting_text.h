// SPDX-License-Identifier: MIT
// The values of settings as text, as Config() takes and returns them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace wss::server {

/// True, Yes or 1, False, No or 0, in any case. Fails with 10022.
Result<bool> parseFlag(std::string_view name, std::string_view value);
/// A whole number from `min` to `max`. Fails with 10022.
Result<int> parseNumber(std::string_view name, std::string_view value, std::int64_t min,
                        std::int64_t max);

/// The bits of a number in decimal or, after 0x, in hexadecimal, of 32 bits; nothing if it is none.
std::optional<std::uint32_t> parseBits(std::string_view text);
/// Whether `text` is such a number.
bool isBits(std::string_view text);

inline std::string flagText(bool flag) { return flag ? "True" : "False"; }

/// Whether `text` is Auto, or a flag as parseFlag() takes it.
bool isFlagOrAuto(std::string_view text);
/// Whether `text` is a value of SlowSubscribers.
bool isSlowPolicy(std::string_view text);
/// Whether it is the one that disconnects.
bool disconnectsSlow(std::string_view policy);
/// Whether `text` is empty or permissions of a file in octal: 660, 0660.
bool isFileMode(std::string_view text);
/// What it stands for; negative: it is empty. REQUIRES isFileMode().
int fileMode(std::string_view text);

/// The 10022 of a value that the setting `name` does not take.
Error notAllowed(std::string_view name, std::string_view value, std::string_view allowed);
/// What parseNumber() fails with.
Error notInRange(std::string_view name, std::string_view value, std::int64_t min, std::int64_t max);

}  // namespace wss::server
