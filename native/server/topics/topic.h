// SPDX-License-Identifier: MIT
// What a topic is: tokens separated by dots, as the subjects of NATS are. A subscription may have
// wildcards: the token * stands for any one token, and > as the last token for one or more.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace wss::server {

inline constexpr std::size_t kMaxTopicSize = 255;

/// Error 10022 unless `topic` can be published to: UTF-8 of 1 to kMaxTopicSize bytes without blanks
/// and control characters, no token of which is empty or a wildcard.
Result<void> checkTopic(std::string_view topic);

/// Error 10022 unless `pattern` can be subscribed to: the same, but for wildcards.
Result<void> checkPattern(std::string_view pattern);

/// Whether there is a wildcard in `pattern`, for which checkPattern() is content.
bool hasWildcard(std::string_view pattern);

/// Takes the first token, and the dot behind it, off `rest`.
std::string_view takeToken(std::string_view& rest);

}  // namespace wss::server
