// SPDX-License-Identifier: MIT
#include "http/upgrade.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "http/answer.h"
#include "http/extensions.h"
#include "http/header.h"
#include "http/request.h"

namespace wss::http {
namespace {

constexpr std::size_t kKeySize = 16;

ParseResult reject(const Refusal& refusal) {
  ParseResult result;
  result.status = ParseResult::Status::kRejected;
  result.httpStatus = refusal.httpStatus;
  result.reason = refusal.reason;
  return result;
}

/// What is wrong with the request line, if anything (RFC 9112 §3).
std::optional<Refusal> refuseRequestLine(const RequestLine& line) {
  const auto [method, target, version] = line;
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
  Framing framing;
  bool upgrades = false;
  bool connectionUpgrades = false;
};

/// A body would be read as frames, or frames as a body (RFC 9112 §11.2).
constexpr Refusal kHasBody = {400, "A WebSocket request has no body."};

/// What is wrong with a header line by itself, if anything; what is right goes into `decisive`.
std::optional<Refusal> addField(const Field& field, Decisive& decisive, UpgradeRequest& request,
                                Others others) {
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
  if (decisive.framing.add(field)) {
    if (others == Others::kRefused && decisive.framing.hasBody()) return kHasBody;
    return std::nullopt;
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
  if (!isHost(*decisive.host)) return Refusal{400, "The Host is not valid."};
  // RFC 9112 §3.2.2: the Host of an absolute target counts, whatever the header says.
  if (!authority.empty() && !isHost(authority)) {
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

/// What is wrong with a request that is for another server, if anything.
std::optional<Refusal> refuseOther(const RequestLine& line, const Decisive& decisive) {
  if (!decisive.host && !line.isOld()) return Refusal{400, "The Host is missing."};
  // RFC 9112 §3.2: it is empty where the target has no authority.
  const std::string_view host = decisive.host.value_or(std::string_view());
  if (!host.empty() && !isHost(host)) return Refusal{400, "The Host is not valid."};
  const std::string_view authority = authorityOf(line.target);
  if (!authority.empty() && !isHost(authority)) {
    return Refusal{400, "The host of the request target is not valid."};
  }
  return decisive.framing.refuse(line);
}

/// A head that is complete, its empty line included, and whose request line is in order.
ParseResult parseHead(std::string_view head, const Limits& limits, Others others) {
  std::string_view rest = head.substr(0, head.size() - kLineEnd.size());
  ParseResult result;
  const RequestLine line = RequestLine::of(takeUntil(rest, kLineEnd));
  result.request.uri = line.target;
  result.request.headers = rest;

  Decisive decisive;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == limits.headers) return reject({431, "The request has too many header lines."});
    const std::optional<Field> field = parseField(takeUntil(rest, kLineEnd));
    if (!field) return reject({400, "A header line is malformed."});
    if (auto refusal = addField(*field, decisive, result.request, others)) {
      return reject(*refusal);
    }
  }
  result.consumed = head.size();
  const auto handOver = [&]() -> ParseResult {
    if (auto refusal = refuseOther(line, decisive)) return reject(*refusal);
    result.status = ParseResult::Status::kOther;
    return result;
  };
  if (others != Others::kRefused) {
    if (!decisive.upgrades) return handOver();
    if (decisive.framing.hasBody()) return reject(kHasBody);
  }
  // Now that it is known to be a WebSocket request.
  std::optional<Refusal> refusal = refuseRequestLine(line);
  if (!refusal) refusal = refuseRequest(decisive, result.request);
  if (refusal) return others == Others::kMistakesToo ? handOver() : reject(*refusal);

  if (!decisive.subProtocols.empty()) {
    result.request.subProtocols = offeredSubProtocols(result.request.headers);
  }
  result.status = ParseResult::Status::kDone;
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

ParseResult parseUpgrade(std::string_view bytes, std::size_t seen, const Limits& limits,
                         Others others) {
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
      const RequestLine line = RequestLine::of(head.substr(start, lineEnd - start));
      const auto refusal =
          others == Others::kRefused ? refuseRequestLine(line) : refuseOtherLine(line);
      if (refusal) return reject(*refusal);
    } else if (lineStart == lineEnd) {
      ParseResult result = parseHead(head.substr(start, i + 1 - start), limits, others);
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
