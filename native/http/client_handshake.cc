// SPDX-License-Identifier: MIT
#include "http/client_handshake.h"

#include <algorithm>

#include "http/answer.h"
#include "http/deflate_offer.h"
#include "http/header.h"

namespace wss::http {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMaxHeadSize = 16384;
/// "HTTP/1.1 101", which a space or the end of the line follows.
constexpr std::size_t kStatusEnd = 12;

ClientAnswer invalid(std::string_view reason) {
  ClientAnswer answer;
  answer.status = ClientAnswer::Status::kInvalid;
  answer.reason = reason;
  return answer;
}

/// The three digits of a status line, or 0 if it is none (RFC 9112 §4).
int statusOf(std::string_view line) {
  if (!line.starts_with("HTTP/1.1 ") || line.size() < kStatusEnd) return 0;
  if (line.size() > kStatusEnd && line[kStatusEnd] != ' ') return 0;
  int status = 0;
  for (const char digit : line.substr(kStatusEnd - 3, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status >= 100 ? status : 0;
}

void appendLine(ByteQueue& out, std::string_view name, std::string_view value) {
  for (const std::string_view part : {name, std::string_view(": "), value, kLineEnd}) {
    out.append(part);
  }
}

}  // namespace

void appendClientRequest(ByteQueue& out, const ClientRequest& request, std::string_view key) {
  out.append("GET ");
  out.append(request.target);
  out.append(" HTTP/1.1\r\n");
  appendLine(out, "Host", request.host);
  appendLine(out, "Upgrade", "websocket");
  appendLine(out, "Connection", "Upgrade");
  appendLine(out, "Sec-WebSocket-Key", key);
  appendLine(out, "Sec-WebSocket-Version", kWebSocketVersion);
  if (!request.subProtocols.empty()) {
    appendLine(out, "Sec-WebSocket-Protocol", request.subProtocols);
  }
  if (request.deflate) appendLine(out, "Sec-WebSocket-Extensions", kDeflateOffer);
  out.append(request.headers);
  if (!request.headers.empty() && !request.headers.ends_with(kLineEnd)) out.append(kLineEnd);
  out.append(kLineEnd);
}

ClientAnswer parseClientAnswer(std::string_view bytes, std::string_view key,
                               const ClientRequest& request) {
  const std::size_t end = bytes.substr(0, kMaxHeadSize).find(kHeadEnd);
  if (end == std::string_view::npos) {
    constexpr std::string_view kBeginning = "HTTP/1.1 ";
    const std::size_t known = std::min(bytes.size(), kBeginning.size());
    if (bytes.substr(0, known) != kBeginning.substr(0, known)) {
      return invalid("The answer is not HTTP/1.1.");
    }
    if (bytes.size() < kMaxHeadSize) return {};
    return invalid("The head of the answer is too large.");
  }

  const std::size_t lineEnd = bytes.find(kLineEnd);
  const int status = statusOf(bytes.substr(0, lineEnd));
  if (status == 0) return invalid("The status line is malformed.");
  ClientAnswer answer;
  if (status != 101) {
    answer.status = ClientAnswer::Status::kRefused;
    answer.httpStatus = status;
    return answer;
  }

  const std::size_t headersAt = lineEnd + kLineEnd.size();
  const std::size_t headersEnd = end + kLineEnd.size();
  const std::string_view headers = bytes.substr(headersAt, headersEnd - headersAt);
  if (!isValidHeaderBlock(headers)) return invalid("A header line is malformed.");
  // RFC 6455 §4.1: what the client must check in the server's answer, items 2 to 6.
  if (!listHasTokenIgnoreCase(joinHeaders(headers, "Upgrade"), "websocket")) {
    return invalid("The Upgrade header does not name websocket.");
  }
  if (!listHasTokenIgnoreCase(joinHeaders(headers, "Connection"), "upgrade")) {
    return invalid("The Connection header does not name Upgrade.");
  }
  if (findHeader(headers, "Sec-WebSocket-Accept") != acceptValue(key)) {
    return invalid("The Sec-WebSocket-Accept does not belong to the key.");
  }
  const std::string extensions = joinHeaders(headers, "Sec-WebSocket-Extensions");
  answer.deflate = request.deflate && acceptDeflateOffer(extensions);
  if (!extensions.empty() && !answer.deflate) {
    return invalid("The server chose an extension that was not offered.");
  }
  answer.subProtocol = findHeader(headers, "Sec-WebSocket-Protocol");
  if (!answer.subProtocol.empty() && !listHasToken(request.subProtocols, answer.subProtocol)) {
    return invalid("The server chose a subprotocol that was not offered.");
  }
  answer.status = ClientAnswer::Status::kDone;
  answer.consumed = end + kHeadEnd.size();
  return answer;
}

}  // namespace wss::http
