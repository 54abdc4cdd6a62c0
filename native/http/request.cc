// SPDX-License-Identifier: MIT
#include "http/request.h"

#include <algorithm>
#include <iterator>

namespace wss::http {
namespace {

constexpr ByteSet kHostBytes = lettersDigitsAnd("-._~%!$&'()*+,;=:[]");

constexpr Refusal kOtherVersion = {505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};

/// RFC 3986 wants URIs in visible ASCII; RFC 6455 §3 and RFC 9112 §3.2 allow no fragment in them.
bool isUriByte(char c) { return c > 0x20 && c < 0x7F && c != '#'; }

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// As many as fit into 64 bits with a sign.
bool isLength(std::string_view text) {
  constexpr std::size_t kMostDigits = 18;
  return !text.empty() && text.size() <= kMostDigits && std::ranges::all_of(text, isDigit);
}

/// Whether the body ends where its last chunk does: after that no other coding, and of those before
/// it only what is registered, in its shortest form.
bool endsChunked(std::string_view list) {
  constexpr std::string_view kOthers[] = {"gzip", "x-gzip", "deflate", "compress", "x-compress"};
  std::vector<std::string_view> codings = elementsOf(list);
  if (codings.empty() || !equalsIgnoringCase(codings.back(), "chunked")) return false;
  codings.pop_back();
  return std::ranges::all_of(codings, [&](std::string_view coding) {
    return std::ranges::any_of(
        kOthers, [coding](std::string_view other) { return equalsIgnoringCase(coding, other); });
  });
}

}  // namespace

RequestLine RequestLine::of(std::string_view line) {
  RequestLine parts;
  parts.method = takeUntil(line, " ");
  parts.target = takeUntil(line, " ");
  parts.version = line;
  return parts;
}

bool isHttpVersion(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && isDigit(text[5]) && text[6] == '.' &&
         isDigit(text[7]);
}

std::string_view authorityOf(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equalsIgnoringCase(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      return target.substr(0, target.find_first_of("/?"));
    }
  }
  return {};
}

bool isHost(std::string_view text) { return consistsOf(text, kHostBytes); }

bool isTarget(std::string_view target) {
  if (!std::ranges::all_of(target, isUriByte)) return false;
  return target.starts_with('/') || !authorityOf(target).empty();
}

std::optional<Refusal> refuseOtherLine(const RequestLine& line) {
  if (!isToken(line.method) || line.target.empty() || !isHttpVersion(line.version)) {
    return Refusal{400, "The request line is malformed."};
  }
  if (!line.version.starts_with("HTTP/1.")) return kOtherVersion;
  // RFC 9112 §3.2.3, §3.2.4.
  const bool fits = line.method == "CONNECT"                         ? isHost(line.target)
                    : line.method == "OPTIONS" && line.target == "*" ? true
                                                                     : isTarget(line.target);
  if (!fits) return Refusal{400, "The request target is not valid."};
  return std::nullopt;
}

bool Framing::add(const Field& field) {
  if (equalsIgnoringCase(field.name, "Content-Length")) {
    ++lengths_;
    length_ = field.value;
    hasBody_ |= field.value != "0";
    return true;
  }
  if (equalsIgnoringCase(field.name, "Transfer-Encoding")) {
    ++codings_;
    coding_ = field.value;
    hasBody_ = true;
    return true;
  }
  return false;
}

std::optional<Refusal> Framing::refuse(const RequestLine& line) const {
  if (!line.isOld() && line.version != "HTTP/1.1") return kOtherVersion;
  if (lengths_ > 0 && codings_ > 0) {
    return Refusal{400, "There are both a Content-Length and a Transfer-Encoding."};
  }
  if (lengths_ > 1) return Refusal{400, "There is more than one Content-Length."};
  if (codings_ > 1) return Refusal{400, "There is more than one Transfer-Encoding."};
  if (length_ && !isLength(*length_)) return Refusal{400, "The Content-Length is not a number."};
  if (codings_ > 0 && line.isOld()) {
    return Refusal{400, "There is no Transfer-Encoding in HTTP/1.0."};
  }
  if (codings_ > 0 && !endsChunked(coding_)) {
    return Refusal{400, "The Transfer-Encoding does not end in chunked."};
  }
  // RFC 9110 §9.3.6: what follows belongs to the tunnel.
  if (hasBody() && line.method == "CONNECT") return Refusal{400, "A CONNECT has no body."};
  return std::nullopt;
}

}  // namespace wss::http
