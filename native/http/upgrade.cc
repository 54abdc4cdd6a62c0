// SPDX-License-Identifier: MIT
#include "http/upgrade.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <vector>

#include "base/digest.h"

namespace wss::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// RFC 6455 §1.3.
constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeySize = 16;
constexpr std::string_view kVersion = "13";

using ByteSet = std::array<bool, 256>;

constexpr ByteSet lettersDigitsAnd(std::string_view marks) {
  ByteSet set = {};
  for (unsigned char c = 'a'; c <= 'z'; ++c) set[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) set[c] = true;
  for (unsigned char c = '0'; c <= '9'; ++c) set[c] = true;
  for (const char c : marks) set[static_cast<unsigned char>(c)] = true;
  return set;
}

/// tchar of RFC 9110 §5.6.2.
constexpr ByteSet kTokenBytes = lettersDigitsAnd("!#$%&'*+-.^_`|~");
/// What uri-host [ ":" port ] of RFC 9110 §7.2 is made of.
constexpr ByteSet kHostBytes = lettersDigitsAnd("-._~%!$&'()*+,;=:[]");

/// Whether `text` is not empty and has bytes of `set` only.
bool consistsOf(std::string_view text, const ByteSet& set) {
  return !text.empty() &&
         std::ranges::all_of(text, [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

/// Whether `c` may be in no field value (RFC 9110 §5.5).
bool isControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

/// RFC 3986 wants URIs in visible ASCII; RFC 6455 §3 allows no fragment in them.
bool isUriByte(char c) { return c > 0x20 && c < 0x7F && c != '#'; }

char lowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lowerCase, lowerCase);
}

/// Without the optional white space of RFC 9110 §5.6.3 around it.
std::string_view trim(std::string_view text) {
  const auto isSpace = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes off the front of `rest` what comes before `separator`, and the separator.
std::string_view takeUntil(std::string_view& rest, std::string_view separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + separator.size(), rest.size()));
  return taken;
}

/// The elements of a comma separated list, trimmed. An empty list has one, which is empty.
std::vector<std::string_view> elementsOf(std::string_view list) {
  std::vector<std::string_view> elements;
  for (bool more = true; more;) {
    const std::size_t size = list.size();
    const std::string_view element = takeUntil(list, ",");
    elements.push_back(trim(element));
    more = element.size() < size;
  }
  return elements;
}

bool listHasTokenIgnoreCase(std::string_view list, std::string_view token) {
  return std::ranges::any_of(elementsOf(list), [token](std::string_view element) {
    return equalsIgnoreCase(element, token);
  });
}

void appendElement(std::string& list, std::string_view element) {
  if (!list.empty()) list.append(", ");
  list.append(element);
}

struct Field {
  std::string_view name;
  std::string_view value;
};

/// A header line without its CR LF. A name is a token, so neither folded lines nor a space before
/// the colon can pass (RFC 9112 §5.1, §5.2).
std::optional<Field> parseField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Field field = {line.substr(0, colon), trim(line.substr(colon + 1))};
  if (!isToken(field.name) || std::ranges::any_of(field.value, isControl)) return std::nullopt;
  return field;
}

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
    if (equalsIgnoreCase(target.substr(0, scheme.size()), scheme)) {
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
  if (version != "HTTP/1.1") return Refusal{505, "Only HTTP/1.1 can be upgraded to WebSocket."};
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
  const auto is = [&field](std::string_view name) { return equalsIgnoreCase(field.name, name); };
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
    appendElement(request.subProtocols, field.value);
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
std::optional<Refusal> refuseRequest(const Decisive& decisive, std::string_view target) {
  if (!decisive.host) return Refusal{400, "The Host is missing."};
  const std::string_view authority = authorityOf(target);
  if (!consistsOf(*decisive.host, kHostBytes)) return Refusal{400, "The Host is not valid."};
  if (!authority.empty() && !equalsIgnoreCase(authority, *decisive.host)) {
    return Refusal{400, "The Host is not that of the request target."};
  }
  if (!decisive.upgrades) return Refusal{426, "This is a WebSocket server."};
  if (!decisive.connectionUpgrades) {
    return Refusal{400, "The Connection header does not name Upgrade."};
  }
  if (decisive.version != kVersion) {
    return Refusal{426, "Only version 13 of the WebSocket protocol is spoken here."};
  }
  if (!decisive.key || !isBase64Of(*decisive.key, kKeySize)) {
    return Refusal{400, "The Sec-WebSocket-Key is not the Base64 of 16 bytes."};
  }
  if (!areSubProtocols(decisive.subProtocols)) {
    return Refusal{400, "The Sec-WebSocket-Protocol is not a list of different tokens."};
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
  if (auto refusal = refuseRequest(decisive, result.request.uri)) return reject(*refusal);

  result.status = ParseResult::Status::kDone;
  result.consumed = head.size();
  result.request.host = decisive.host.value_or(std::string_view());
  result.request.origin = decisive.origin.value_or(std::string_view());
  result.request.key = decisive.key.value_or(std::string_view());
  return result;
}

struct PhraseRow {
  int status;
  std::string_view phrase;
};

constexpr PhraseRow kPhrases[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {414, "URI Too Long"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

std::string_view reasonPhrase(int httpStatus) {
  const auto row = std::ranges::find(kPhrases, httpStatus, &PhraseRow::status);
  // A phrase may be empty (RFC 9112 §4); the space before it may not be missing.
  return row == std::end(kPhrases) ? std::string_view() : row->phrase;
}

void appendHeader(ByteQueue& out, std::string_view name, std::string_view value) {
  for (const std::string_view part : {name, std::string_view(": "), value, kLineEnd}) {
    out.append(part);
  }
}

void appendExtraHeaders(ByteQueue& out, std::string_view lines) {
  out.append(lines);
  if (!lines.empty() && !lines.ends_with(kLineEnd)) out.append(kLineEnd);
}

}  // namespace

ParseResult parseUpgrade(std::string_view bytes, std::size_t seen, const Limits& limits) {
  const std::string_view head = bytes.substr(0, limits.headSize);
  for (std::size_t i = seen; i < head.size(); ++i) {
    const bool afterCr = i > 0 && head[i - 1] == '\r';
    const bool isLf = head[i] == '\n';
    if (afterCr != isLf) return reject({400, "A line does not end in CR LF."});
    if (isControl(head[i]) && !isLf && head[i] != '\r') {
      return reject({400, "The request has a control character."});
    }
    if (!isLf) continue;

    const std::size_t lineEnd = i - 1;
    const std::size_t lineStart = head.rfind('\n', lineEnd) + 1;  // 0 for the first line
    if (lineStart == 0) {
      if (auto refusal = refuseRequestLine(head.substr(0, lineEnd))) return reject(*refusal);
    } else if (lineStart == lineEnd) {
      return parseHead(head.substr(0, i + 1), limits);
    }
  }
  if (head.size() < limits.headSize) return {};
  return head.find('\n') == std::string_view::npos
             ? reject({414, "The request line is too long."})
             : reject({431, "The request head is too large."});
}

std::string_view findHeader(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const std::optional<Field> field = parseField(takeUntil(headers, kLineEnd));
    if (field && equalsIgnoreCase(field->name, name)) return field->value;
  }
  return {};
}

std::string joinHeaders(std::string_view headers, std::string_view name) {
  std::string values;
  while (!headers.empty()) {
    const std::optional<Field> field = parseField(takeUntil(headers, kLineEnd));
    if (field && equalsIgnoreCase(field->name, name)) appendElement(values, field->value);
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

std::string acceptValue(std::string_view key) {
  std::string text(key);
  text.append(kAcceptGuid);
  return base64Encode(sha1(bytesOf(text)));
}

void appendSwitchingProtocols(ByteQueue& out, std::string_view key, std::string_view subProtocol,
                              std::string_view extensions, std::string_view extraHeaders) {
  out.append("HTTP/1.1 101 Switching Protocols\r\n");
  appendHeader(out, "Upgrade", "websocket");
  appendHeader(out, "Connection", "Upgrade");
  appendHeader(out, "Sec-WebSocket-Accept", acceptValue(key));
  if (!subProtocol.empty()) appendHeader(out, "Sec-WebSocket-Protocol", subProtocol);
  if (!extensions.empty()) appendHeader(out, "Sec-WebSocket-Extensions", extensions);
  appendExtraHeaders(out, extraHeaders);
  out.append(kLineEnd);
}

void appendRejection(ByteQueue& out, int httpStatus, std::string_view reason,
                     std::string_view extraHeaders) {
  out.append("HTTP/1.1 ");
  out.append(std::to_string(httpStatus));
  out.append(" ");
  out.append(reasonPhrase(httpStatus));
  out.append(kLineEnd);
  // Who sends Upgrade must name it in Connection (RFC 9110 §7.8).
  appendHeader(out, "Connection", httpStatus == 426 ? "close, Upgrade" : "close");
  if (httpStatus == 405) appendHeader(out, "Allow", "GET");
  if (httpStatus == 426) {
    appendHeader(out, "Upgrade", "websocket");
    appendHeader(out, "Sec-WebSocket-Version", kVersion);
  }
  appendHeader(out, "Content-Type", "text/plain; charset=utf-8");
  appendHeader(out, "Content-Length", std::to_string(reason.size()));
  appendExtraHeaders(out, extraHeaders);
  out.append(kLineEnd);
  out.append(reason);
}

}  // namespace wss::http
