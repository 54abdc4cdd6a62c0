// SPDX-License-Identifier: MIT
#include "server/topics/topic.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/shown.h"
#include "ws/utf8.h"

namespace wss::server {
namespace {

enum class Wildcards : bool { kNone, kAllowed };

bool isBlank(char byte) { return static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f'; }

/// What is wrong with `name`; empty: nothing.
std::string_view wrongWith(std::string_view name, Wildcards wildcards) {
  if (name.empty() || name.size() > kMaxTopicSize) return "has 1 to 255 bytes";
  if (ws::validPrefix(bytesOf(name)) != name.size()) return "is UTF-8";
  if (std::ranges::any_of(name, isBlank)) return "has no blanks and no control characters";
  if (name.back() == '.') return "has no empty tokens: dots stand between two tokens";
  while (!name.empty()) {
    const std::string_view token = takeToken(name);
    if (token.empty()) return "has no empty tokens: dots stand between two tokens";
    const bool isRest = token == ">";
    if (!isRest && token != "*") continue;
    if (wildcards == Wildcards::kNone) return "that is published to has no wildcards (*, >)";
    if (isRest && !name.empty()) return "has the wildcard > as its last token only";
  }
  return {};
}

Result<void> check(std::string_view name, Wildcards wildcards) {
  const std::string_view wrong = wrongWith(name, wildcards);
  if (wrong.empty()) return {};
  return makeError(ErrorCode::kInvalidArgument,
                   std::string("A topic ").append(wrong).append(", unlike \"") +
                       shown(name.substr(0, kMaxTopicSize)) + "\".");
}

}  // namespace

Result<void> checkTopic(std::string_view topic) { return check(topic, Wildcards::kNone); }

Result<void> checkPattern(std::string_view pattern) { return check(pattern, Wildcards::kAllowed); }

bool hasWildcard(std::string_view pattern) {
  while (!pattern.empty()) {
    const std::string_view token = takeToken(pattern);
    if (token == "*" || token == ">") return true;
  }
  return false;
}

std::string_view takeToken(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('.'), rest.size());
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return token;
}

}  // namespace wss::server
