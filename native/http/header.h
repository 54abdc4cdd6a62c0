// SPDX-License-Identifier: MIT
// Header lines and the lists in their values (RFC 9110 §5, RFC 9112 §5), as views of the bytes they
// came in. Everything is linear in its input.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace wss::http {

inline constexpr std::string_view kLineEnd = "\r\n";

struct Field {
  std::string_view name;
  std::string_view value;  ///< without the white space around it
};

/// A header line without its CR LF. A name is a token, so neither folded lines nor a space before
/// the colon can pass (RFC 9112 §5.1, §5.2).
std::optional<Field> parseField(std::string_view line);

/// The value of the first header called `name` (any case) in `headers`, trimmed; empty if absent.
std::string_view findHeader(std::string_view headers, std::string_view name);

bool hasHeader(std::string_view headers, std::string_view name);

/// All values of the headers called `name`, joined by ", ".
std::string joinHeaders(std::string_view headers, std::string_view name);

/// Whether `list` (comma separated) has `token`, compared exactly.
bool listHasToken(std::string_view list, std::string_view token);

/// Whether `text` is a token of RFC 9110 §5.6.2.
bool isToken(std::string_view text);

/// Whether `lines` may be put into an answer: header lines separated by CR LF, each a token, a
/// colon and a value without control characters; the last CR LF may be missing. Empty is valid.
bool isValidHeaderBlock(std::string_view lines);

/// The same, in any case.
bool listHasTokenIgnoreCase(std::string_view list, std::string_view token);

/// Adds an element to a comma separated list, unless it is empty.
void appendElement(std::string& list, std::string_view element);

/// The list as it came, but for its empty elements.
std::string withoutEmptyElements(std::string_view list);

/// Whether `c` may be in no field value (RFC 9110 §5.5).
bool isControl(char c);

using ByteSet = std::array<bool, 256>;

consteval ByteSet lettersDigitsAnd(std::string_view marks) {
  ByteSet set = {};
  for (unsigned char c = 'a'; c <= 'z'; ++c) set[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) set[c] = true;
  for (unsigned char c = '0'; c <= '9'; ++c) set[c] = true;
  for (const char c : marks) set[static_cast<unsigned char>(c)] = true;
  return set;
}

/// Whether `text` is not empty and has bytes of `set` only.
bool consistsOf(std::string_view text, const ByteSet& set);

}  // namespace wss::http
