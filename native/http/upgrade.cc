// SPDX-License-Identifier: MIT
#include "http/upgrade.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "http/answer.h"
#include "http/extensions.h"
#include "http/header.h"

namespace wss::http {
namespace {

constexpr std::size_t kKeySize = 16;

/// What uri-host [ ":" port ] of RFC 9110 §7.2 is made of.
constexpr ByteSet kHostBytes = lettersDigitsAnd("-._~%!$&'()*+,;=:[]");

/// RFC 3986 wants URIs in visible ASCII; RFC 6455 §3 allows no fragment in them.
bool isUriByte(char c) { return c > 0x20 && c < 0x7F && c != '#'; }

struct Refusal {
  int httpStatus;
  std::string_view reason;
};

ParseResult reject(const Refusal& refusal) {
  ParseResult result;
  result.status = ParseResult::Status::kRejected;
  result.httpStatus = refusal.httpStatus;
  result.reason = refusal.reason;
  return result;
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

/// A part that is not there is empty.
RequestLine splitRequestLine(std::string_view line) {
  RequestLine parts;
  parts.method = takeUntil(line, " ");
  parts.target = takeUntil(line, " ");
  parts.version = line;
  return parts;
}

/// HTTP-version of RFC 9112 §2.3.
bool isHttpVersion(std::string_view text) {
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == 8 && text.starts_with("HTTP/") && isDigit(text[5]) && text[6] == '.' &&
         isDigit(text[7]);
}

/// The authority of an absolute http or https URI; empty if `target` is none.
std::string_view authorityOf(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equalsIgnoringCase(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      return target.substr(0, target.find_first_of("/?"));
    }
  }
  return {};
}

/// RFC 9112 §3.2.1, §3.2.2; RFC 6455 §4.2.1 item 1.
bool isTarget(std::string_view target) {
  if (!std::ranges::all_of(target, isUriByte)) return false;
  return target.starts_with('/') || !authorityOf(target).empty();
}

/// What is wrong with the request line, if anything (RFC 9112 §3).
std::optional<Refusal> refuseRequestLine(std::string_view line) {
  const auto [method, target, version] = splitRequestLine(line);
  if (!isToken(method) || target.empty() || !isHttpVersion(version)) {
    return Refusal{400, "The request line is malformed."};
  }
  // RFC 6455 §4.2.1 item 1: 1.1 or higher, of the same major version (RFC 9110 §2.5).
  if (!version.starts_with("HTTP/1.") || version.ends_with('0')) {
    return Refusal{505, "Only HTTP/1.1 can be upgraded to WebSocket."};
  }
  if (method != "GET") return Refusal{405, "The method of a WebSocket request is GET."};
  if (!isTarget(target)) return Refusal{400, "The request target is not valid."};
  return std::nullopt;
}

/// The header fields of the request that decide; those that may be there once are optional.
struct Decisive {
  std::optional<std::string_view> host;
  std::optional<std::string_view> origin;
  std::optional<std::string_view> key;
  std::optional<std::string_view> version;
  std::vector<std::string_view> subProtocols;
  bool upgrades = false;
  bool connectionUpgrades = false;
};

/// What is wrong with a header line by itself, if anything; what is right goes into `decisive`.
std::optional<Refusal> addField(const Field& field, Decisive& decisive, UpgradeRequest& request) {
  const auto is = [&field](std::string_view name) { return equalsIgnoringCase(field.name, name); };
  const auto once = [&field](std::optional<std::string_view>& place,
                             std::string_view reason) -> std::optional<Refusal> {
    if (place) return Refusal{400, reason};
    place = field.value;
    return std::nullopt;
  };

  if (is("Host")) return once(decisive.host, "There is more than one Host.");
  if (is("Origin")) return once(decisive.origin, "There is more than one Origin.");
  if (is("Sec-WebSocket-Key")) {
    return once(decisive.key, "There is more than one Sec-WebSocket-Key.");
  }
  if (is("Sec-WebSocket-Version")) {
    return once(decisive.version, "There is more than one Sec-WebSocket-Version.");
  }
  // A body would be read as frames, or frames as a body (RFC 9112 §11.2).
  if (is("Transfer-Encoding") || (is("Content-Length") && field.value != "0")) {
    return Refusal{400, "A WebSocket request has no body."};
  }
  if (is("Upgrade")) {
    decisive.upgrades |= listHasTokenIgnoreCase(field.value, "websocket");
  } else if (is("Connection")) {
    decisive.connectionUpgrades |= listHasTokenIgnoreCase(field.value, "upgrade");
  } else if (is("Sec-WebSocket-Extensions")) {
    appendElement(request.extensions, field.value);
  } else if (is("Sec-WebSocket-Protocol")) {
    std::ranges::copy(elementsOf(field.value), std::back_inserter(decisive.subProtocols));
  }
  return std::nullopt;
}

/// Whether all are tokens and no two the same (RFC 6455 §4.1 item 10).
bool areSubProtocols(std::vector<std::string_view> names) {
  std::ranges::sort(names);
  return std::ranges::all_of(names, isToken) && std::ranges::adjacent_find(names) == names.end();
}

/// What is wrong with the request as a whole, if anything (RFC 6455 §4.2.1).
std::optional<Refusal> refuseRequest(const Decisive& decisive, const UpgradeRequest& request) {
  if (!decisive.host) return Refusal{400, "The Host is missing."};
  const std::string_view authority = authorityOf(request.uri);
  if (!consistsOf(*decisive.host, kHostBytes)) return Refusal{400, "The Host is not valid."};
  // RFC 9112 §3.2.2: the Host of an absolute target counts, whatever the header says.
  if (!authority.empty() && !consistsOf(authority, kHostBytes)) {
    return Refusal{400, "The host of the request target is not valid."};
  }
  if (!decisive.upgrades) return Refusal{426, "This is a WebSocket server."};
  if (!decisive.connectionUpgrades) {
    return Refusal{400, "The Connection header does not name Upgrade."};
  }
  if (decisive.version != kWebSocketVersion) {
    return Refusal{426, "Only version 13 of the WebSocket protocol is spoken here."};
  }
  if (!decisive.key || !isBase64Of(*decisive.key, kKeySize)) {
    return Refusal{400, "The Sec-WebSocket-Key is not the Base64 of 16 bytes."};
  }
  if (!areSubProtocols(decisive.subProtocols)) {
    return Refusal{400, "The Sec-WebSocket-Protocol is not a list of different tokens."};
  }
  if (!request.extensions.empty() && !parseExtensions(request.extensions)) {
    return Refusal{400, "The Sec-WebSocket-Extensions is malformed."};
  }
  return std::nullopt;
}

/// A head that is complete, its empty line included, and whose request line is in order.
ParseResult parseHead(std::string_view head, const Limits& limits) {
  std::string_view rest = head.substr(0, head.size() - kLineEnd.size());
  ParseResult result;
  result.request.uri = splitRequestLine(takeUntil(rest, kLineEnd)).target;
  result.request.headers = rest;

  Decisive decisive;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == limits.headers) return reject({431, "The request has too many header lines."});
    const std::optional<Field> field = parseField(takeUntil(rest, kLineEnd));
    if (!field) return reject({400, "A header line is malformed."});
    if (auto refusal = addField(*field, decisive, result.request)) return reject(*refusal);
  }
  if (auto refusal = refuseRequest(decisive, result.request)) return reject(*refusal);

  if (!decisive.subProtocols.empty()) {
    result.request.subProtocols = offeredSubProtocols(result.request.headers);
  }
  result.status = ParseResult::Status::kDone;
  result.consumed = head.size();
  result.request.host = hostOf(result.request.uri, result.request.headers);
  result.request.origin = decisive.origin.value_or(std::string_view());
  return result;
}

}  // namespace

std::string offeredSubProtocols(std::string_view headers) {
  return withoutEmptyElements(joinHeaders(headers, "Sec-WebSocket-Protocol"));
}

std::string_view hostOf(std::string_view uri, std::string_view headers) {
  const std::string_view authority = authorityOf(uri);
  return authority.empty() ? findHeader(headers, "Host") : authority;
}

ParseResult parseUpgrade(std::string_view bytes, std::size_t seen, const Limits& limits) {
  const std::string_view head = bytes.substr(0, limits.headSize);
  // RFC 9112 §2.2: an empty line before the request line is to be ignored, one at least.
  const std::size_t start = head.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  for (std::size_t i = seen; i < head.size(); ++i) {
    const bool afterCr = i > 0 && head[i - 1] == '\r';
    const bool isLf = head[i] == '\n';
    if (afterCr != isLf) return reject({400, "A line does not end in CR LF."});
    if (isControl(head[i]) && !isLf && head[i] != '\r') {
      return reject({400, "The request has a control character."});
    }
    if (!isLf || i < start) continue;

    const std::size_t lineEnd = i - 1;
    const std::size_t lineStart = head.rfind('\n', lineEnd) + 1;  // `start` for the first line
    if (lineStart == start) {
      const std::string_view line = head.substr(start, lineEnd - start);
      if (auto refusal = refuseRequestLine(line)) return reject(*refusal);
    } else if (lineStart == lineEnd) {
      ParseResult result = parseHead(head.substr(start, i + 1 - start), limits);
      result.consumed += start;
      return result;
    }
  }
  if (head.size() < limits.headSize) return {};
  return head.find('\n', start) == std::string_view::npos
             ? reject({414, "The request line is too long."})
             : reject({431, "The request head is too large."});
}

}  // namespace wss::http
