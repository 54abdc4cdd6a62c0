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

}  // namespace

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

void appendRejection(ByteQueue& out, int httpStatus, std::string_view reason,
                     std::string_view extraHeaders) {
  out.append("HTTP/1.1 ");
  out.append(std::to_string(httpStatus));
  out.append(" ");
  out.append(reasonPhrase(httpStatus));
  out.append(kLineEnd);
  appendHeader(out, "Date", dateText(std::time(nullptr)));
  // Who sends Upgrade must name it in Connection (RFC 9110 §7.8).
  appendHeader(out, "Connection", httpStatus == 426 ? "close, Upgrade" : "close");
  if (httpStatus == 405) appendHeader(out, "Allow", "GET");
  if (httpStatus == 426) {
    appendHeader(out, "Upgrade", "websocket");
    appendHeader(out, "Sec-WebSocket-Version", kWebSocketVersion);
  }
  // RFC 9110 §15.3.5, §15.4.5: these two have no content.
  const bool hasContent = httpStatus != 204 && httpStatus != 304;
  if (hasContent) {
    appendHeader(out, "Content-Type", "text/plain; charset=utf-8");
    appendHeader(out, "Content-Length", std::to_string(reason.size()));
  }
  appendExtraHeaders(out, extraHeaders);
  out.append(kLineEnd);
  if (hasContent) out.append(reason);
}

}  // namespace wss::http
