// SPDX-License-Identifier: MIT
#include "http/extensions.h"

#include <algorithm>
#include <utility>

#include "http/header.h"

namespace wss::http {
namespace {

/// What is left of a list. White space may be between any two parts (RFC 2616 §2.1).
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) { skipSpace(); }

  [[nodiscard]] bool atEnd() const { return rest_.empty(); }

  /// Whether `mark` is next; it is then taken.
  bool take(char mark) {
    if (!rest_.starts_with(mark)) return false;
    advance(1);
    return true;
  }

  /// Empty if there is no token.
  std::string_view takeToken() {
    const std::string_view token = rest_.substr(0, rest_.find_first_of(" \t,;=\""));
    if (!isToken(token)) return {};
    advance(token.size());
    return token;
  }

  /// A token or a quoted string that is one once unquoted (RFC 6455 §9.1); empty if neither is
  /// next.
  std::string takeValue() {
    if (!rest_.starts_with('"')) return std::string(takeToken());
    std::string value;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        advance(i + 1);
        return isToken(value) ? value : std::string();
      }
      if (rest_[i] == '\\') ++i;
      if (i < rest_.size()) value += rest_[i];
    }
    return {};
  }

 private:
  void advance(std::size_t count) {
    rest_.remove_prefix(count);
    skipSpace();
  }
  void skipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  std::string_view rest_;
};

bool readParameter(Cursor& cursor, ExtensionParameter& parameter) {
  parameter.name = cursor.takeToken();
  if (parameter.name.empty()) return false;
  if (!cursor.take('=')) return true;
  parameter.value = cursor.takeValue();
  return !parameter.value->empty();
}

bool readExtension(Cursor& cursor, Extension& extension) {
  extension.name = cursor.takeToken();
  if (extension.name.empty()) return false;
  while (cursor.take(';')) {
    if (!readParameter(cursor, extension.parameters.emplace_back())) return false;
  }
  return true;
}

}  // namespace

std::optional<std::vector<Extension>> parseExtensions(std::string_view list) {
  std::vector<Extension> extensions;
  Cursor cursor(list);
  while (!cursor.atEnd()) {
    if (cursor.take(',')) continue;
    if (!readExtension(cursor, extensions.emplace_back())) return std::nullopt;
    if (!cursor.atEnd() && !cursor.take(',')) return std::nullopt;
  }
  if (extensions.empty() && !list.empty()) return std::nullopt;
  return extensions;
}

}  // namespace wss::http
