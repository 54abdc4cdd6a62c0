// SPDX-License-Identifier: MIT
#include "http/answer.h"

#include <algorithm>
#include <iterator>

#include "base/digest.h"
#include "http/header.h"

namespace wss::http {
namespace {

/// RFC 6455 §1.3.
constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

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

/// Headers that say how the answer is to be read, or what was negotiated: only the server sets
/// them.
bool isFraming(std::string_view name) {
  constexpr std::string_view kNegotiated = "Sec-WebSocket-";
  constexpr std::string_view kNames[] = {"Connection", "Content-Length", "Transfer-Encoding",
                                         "Upgrade"};
  return equalsIgnoringCase(name.substr(0, kNegotiated.size()), kNegotiated) ||
         std::ranges::any_of(kNames, [name](std::string_view framing) {
           return equalsIgnoringCase(name, framing);
         });
}

/// REQUIRES isValidHeaderBlock(lines).
bool hasFraming(std::string_view lines) {
  while (!lines.empty()) {
    const auto field = parseField(takeUntil(lines, kLineEnd));
    if (field && isFraming(field->name)) return true;
  }
  return false;
}

/// RFC 9110 §15.3.5, §15.3.6, §15.4.5: answers with these have no content.
bool mayHaveContent(int httpStatus) {
  return httpStatus != 204 && httpStatus != 205 && httpStatus != 304;
}

}  // namespace

std::string_view mistakeIn(const Answer& answer) {
  // RFC 9110 §15: what is not 101 must be final, so that the client expects nothing more.
  const bool accepts = answer.status == 101;
  if (!accepts && (answer.status < 200 || answer.status > 599)) {
    return "StatusCode is 101 or from 200 to 599, and SubProtocols, ResponseHeaders and "
           "responseBody are texts, of 16 KiB in all, the first two a byte a character";
  }
  if (!isValidHeaderBlock(answer.headers)) {
    return "ResponseHeaders are lines of \"Name: value\", separated by CR LF, without other "
           "control characters";
  }
  if (hasFraming(answer.headers)) {
    return "ResponseHeaders are without Connection, Content-Length, Transfer-Encoding, Upgrade and "
           "Sec-WebSocket-..., which the server writes itself";
  }
  if (!answer.body.value_or("").empty() && (accepts || !mayHaveContent(answer.status))) {
    return "responseBody is for a StatusCode that refuses, and not 204, 205 or 304, which have "
           "none";
  }
  return {};
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

std::string dateText(std::time_t time) {
  // Not strftime(): its names are those of the locale.
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::tm utc{};
  if (::gmtime_r(&time, &utc) == nullptr) return {};
  const auto name = [](std::string_view names, int index) {
    return names.substr(3 * static_cast<std::size_t>(index), 3);
  };
  const auto two = [](int number) {
    return std::string{static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
  };
  std::string text(name(kDays, utc.tm_wday));
  text.append(", ").append(two(utc.tm_mday)).append(" ").append(name(kMonths, utc.tm_mon));
  text.append(" ").append(std::to_string(1900 + utc.tm_year));
  text.append(" ").append(two(utc.tm_hour)).append(":").append(two(utc.tm_min));
  return text.append(":").append(two(utc.tm_sec)).append(" GMT");
}

void appendRejection(ByteQueue& out, int httpStatus, std::string_view body,
                     std::string_view extraHeaders) {
  const auto appendOurs = [&](std::string_view name, std::string_view value) {
    if (!hasHeader(extraHeaders, name)) appendHeader(out, name, value);
  };
  out.append("HTTP/1.1 ");
  out.append(std::to_string(httpStatus));
  out.append(" ");
  out.append(reasonPhrase(httpStatus));
  out.append(kLineEnd);
  appendOurs("Date", dateText(std::time(nullptr)));
  // Who sends Upgrade must name it in Connection (RFC 9110 §7.8).
  appendHeader(out, "Connection", httpStatus == 426 ? "close, Upgrade" : "close");
  if (httpStatus == 405) appendOurs("Allow", "GET");
  if (httpStatus == 426) {
    appendHeader(out, "Upgrade", "websocket");
    appendHeader(out, "Sec-WebSocket-Version", kWebSocketVersion);
  }
  const bool hasContent = mayHaveContent(httpStatus);
  if (hasContent) {
    appendOurs("Content-Type", "text/plain; charset=utf-8");
    appendHeader(out, "Content-Length", std::to_string(body.size()));
  } else if (httpStatus == 205) {
    // Unlike the other two, it would have a body until the connection ends (RFC 9112 §6.3).
    appendHeader(out, "Content-Length", "0");
  }
  appendExtraHeaders(out, extraHeaders);
  out.append(kLineEnd);
  if (hasContent) out.append(body);
}

}  // namespace wss::http
