// SPDX-License-Identifier: MIT
#include "server/access/access_lists.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace wss::server {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kIPv4Bits = 32;
/// What net::Address::host() says of a client without an address.
constexpr std::string_view kUnix = "unix:";

/// What is between the commas, without the spaces around it.
std::vector<std::string_view> itemsOf(std::string_view list) { return elementsOf(list, ",", " "); }

bool isLiteral(std::string_view text) {
  const bool digits = text.find_first_not_of("0123456789.") == std::string_view::npos;
  return digits || text.find(':') != std::string_view::npos;
}

bool isHostName(std::string_view text) {
  return !isLiteral(text) && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
}

std::optional<unsigned> number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (text.empty() || status != std::errc{} || stop != end || value > max) return std::nullopt;
  return value;
}

/// Whether it is four numbers of up to three digits: there are shorter ways to write an address,
/// which not everybody understands in the same way.
bool isDotted(std::string_view text) {
  unsigned octets = 0;
  for (; octets < 4 && !text.empty(); ++octets) {
    const std::size_t dot = octets < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos || !number(text.substr(0, dot), 255)) return false;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return octets == 4 && text.empty();
}

/// A literal, without looking anything up.
std::optional<net::Address> literal(std::string_view text) {
  if (text.find(':') == std::string_view::npos && !isDotted(text)) return std::nullopt;
  auto address = net::Address::resolve(text, 0, net::Family::kBoth);
  return address.ok() ? std::optional(address.value()) : std::nullopt;
}

/// How many bits of an address an item fixes: "10.0.0.0/8" → 8 of 32, "10.*" → the same.
struct Prefix {
  net::Address address;
  unsigned bits;
};

std::optional<Prefix> slashed(std::string_view item, std::size_t slash) {
  const auto address = literal(item.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned width = address->isIPv4() ? kIPv4Bits : kBits;
  const auto bits = number(item.substr(slash + 1), width);
  if (!bits) return std::nullopt;
  return Prefix{*address, kBits - width + *bits};
}

/// "*", "10.*", "192.168.*.*": stars from some octet on.
std::optional<Prefix> starred(std::string_view item) {
  if (item == "*") return Prefix{{}, 0};
  if (item.ends_with('.')) return std::nullopt;
  std::string address;
  unsigned octets = 0;
  bool stars = false;
  for (std::size_t parts = 0; !item.empty() || parts == 0; ++parts) {
    const std::size_t dot = std::min(item.find('.'), item.size());
    const std::string_view part = item.substr(0, dot);
    item.remove_prefix(std::min(dot + 1, item.size()));
    const bool star = part == "*";
    if (parts == 4 || (stars && !star) || !(star || number(part, 255))) return std::nullopt;
    stars |= star;
    if (star) continue;
    address.append(part).push_back('.');
    ++octets;
  }
  for (unsigned octet = octets; octet < 4; ++octet) address += "0.";
  address.pop_back();
  const auto parsed = literal(address);
  if (!stars || !parsed) return std::nullopt;
  return Prefix{*parsed, kBits - kIPv4Bits + 8 * octets};
}

/// What an item that is no host name stands for.
std::optional<Prefix> prefixOf(std::string_view item) {
  if (const std::size_t slash = item.find('/'); slash != std::string_view::npos) {
    return slashed(item, slash);
  }
  if (item.find('*') != std::string_view::npos) return starred(item);
  const auto address = literal(item);
  return address ? std::optional(Prefix{*address, kBits}) : std::nullopt;
}

bool matchesPattern(std::string_view pattern, std::string_view text) {
  // Where to go on when what follows the latest star has not fitted.
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t at = 0;
  std::size_t in = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = in;
    } else if (at < pattern.size() && lowerCase(pattern[at]) == lowerCase(text[in])) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace

bool isClientList(std::string_view text) {
  return std::ranges::all_of(itemsOf(text), [](std::string_view item) {
    return item == kUnix || isHostName(item) || prefixOf(item).has_value();
  });
}

bool ClientList::assign(std::string_view text) {
  if (text == text_) return false;
  text_ = text;
  ranges_.clear();
  names_.clear();
  unix_ = false;
  for (const std::string_view item : itemsOf(text)) {
    unix_ |= item == kUnix || item == "*";
    const std::optional<Prefix> prefix = prefixOf(item);
    if (!prefix && isHostName(item)) names_.emplace_back(item);
    if (!prefix) continue;
    Range range{prefix->address.ip, {}};
    for (unsigned bit = 0; bit < prefix->bits; ++bit) {
      range.mask[bit / 8] = static_cast<std::uint8_t>(range.mask[bit / 8] | 0x80U >> bit % 8);
    }
    ranges_.push_back(range);
  }
  return true;
}

bool ClientList::isInRange(const net::Address& address) const {
  return std::ranges::any_of(ranges_, [&](const Range& range) {
    for (std::size_t at = 0; at < range.ip.size(); ++at) {
      if (((address.ip[at] ^ range.ip[at]) & range.mask[at]) != 0) return false;
    }
    return true;
  });
}

bool isAllowedOrigin(std::string_view list, std::string_view origin) {
  return std::ranges::any_of(itemsOf(list), [origin](std::string_view pattern) {
    return matchesPattern(pattern, origin);
  });
}

}  // namespace wss::server
