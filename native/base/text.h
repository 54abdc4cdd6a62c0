// SPDX-License-Identifier: MIT
// Texts of ASCII, whatever the locale: only the letters A to Z have a case. What is returned as a
// view is a part of what was given. Everything is linear in its input.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace wss {

/// The optional white space of RFC 9110 §5.6.3.
inline constexpr std::string_view kBlanks = " \t";
/// The same, and what ends lines.
inline constexpr std::string_view kWhiteSpace = " \t\r\n";

constexpr char lowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return lowerCase(c); });
  return lower;
}

/// Whether `a` and `b` differ in nothing but the case of their letters.
inline bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lowerCase(x) == lowerCase(y); });
}

/// Whether `part` is anywhere in `text`, in any case.
inline bool containsIgnoringCase(std::string_view text, std::string_view part) {
  const auto same = [](char x, char y) { return lowerCase(x) == lowerCase(y); };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

/// `text` without the `blanks` around it.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  const auto isBlank = [blanks](char c) {
    return std::ranges::any_of(blanks, [c](char blank) { return c == blank; });
  };
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes off the front of `rest` what comes before `separator`, and the separator.
inline std::string_view takeUntil(std::string_view& rest, std::string_view separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + separator.size(), rest.size()));
  return taken;
}

/// What is between the separators, without the `blanks` around it, and without what is empty then.
inline std::vector<std::string_view> elementsOf(std::string_view list,
                                                std::string_view separator = ",",
                                                std::string_view blanks = kBlanks) {
  std::vector<std::string_view> elements;
  while (!list.empty()) {
    const std::string_view element = trimmed(takeUntil(list, separator), blanks);
    if (!element.empty()) elements.push_back(element);
  }
  return elements;
}

/// The longest parts of `text` that have no byte of `separators`, without the empty ones.
inline std::vector<std::string_view> wordsOf(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  std::size_t begin = text.find_first_not_of(separators);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(separators, end);
  }
  return words;
}

}  // namespace wss
