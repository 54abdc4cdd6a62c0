// SPDX-License-Identifier: MIT
#include "http/header.h"

#include <algorithm>

namespace wss::http {
namespace {

/// tchar of RFC 9110 §5.6.2.
constexpr ByteSet kTokenBytes = lettersDigitsAnd("!#$%&'*+-.^_`|~");

}  // namespace

bool consistsOf(std::string_view text, const ByteSet& set) {
  return !text.empty() &&
         std::ranges::all_of(text, [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool isControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

bool listHasTokenIgnoreCase(std::string_view list, std::string_view token) {
  return std::ranges::any_of(elementsOf(list), [token](std::string_view element) {
    return equalsIgnoringCase(element, token);
  });
}

void appendElement(std::string& list, std::string_view element) {
  if (element.empty()) return;
  if (!list.empty()) list.append(", ");
  list.append(element);
}

std::string withoutEmptyElements(std::string_view list) {
  std::string kept;
  while (!list.empty()) {
    const std::string_view element = takeUntil(list, ",");
    if (trimmed(element).empty()) continue;
    if (kept.empty()) {
      kept = trimmed(element);
    } else {
      kept.append(",").append(element);
    }
  }
  return kept;
}

std::optional<Field> parseField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Field field = {line.substr(0, colon), trimmed(line.substr(colon + 1))};
  if (!isToken(field.name) || std::ranges::any_of(field.value, isControl)) return std::nullopt;
  return field;
}

std::string_view findHeader(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const std::optional<Field> field = parseField(takeUntil(headers, kLineEnd));
    if (field && equalsIgnoringCase(field->name, name)) return field->value;
  }
  return {};
}

bool hasHeader(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const std::optional<Field> field = parseField(takeUntil(headers, kLineEnd));
    if (field && equalsIgnoringCase(field->name, name)) return true;
  }
  return false;
}

std::string joinHeaders(std::string_view headers, std::string_view name) {
  std::string values;
  while (!headers.empty()) {
    const std::optional<Field> field = parseField(takeUntil(headers, kLineEnd));
    if (field && equalsIgnoringCase(field->name, name)) appendElement(values, field->value);
  }
  return values;
}

bool listHasToken(std::string_view list, std::string_view token) {
  const std::vector<std::string_view> elements = elementsOf(list);
  return std::ranges::find(elements, token) != elements.end();
}

bool isToken(std::string_view text) { return consistsOf(text, kTokenBytes); }

bool isValidHeaderBlock(std::string_view lines) {
  while (!lines.empty()) {
    if (!parseField(takeUntil(lines, kLineEnd))) return false;
  }
  return true;
}

}  // namespace wss::http
