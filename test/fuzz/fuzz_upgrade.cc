// SPDX-License-Identifier: MIT
// A request head, delivered whole and in chunks, must be judged alike, and what is accepted must
// keep the promises of upgrade.h. The first byte is the size of the chunks.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "../native/support/reference.h"
#include "base/digest.h"
#include "http/answer.h"
#include "http/header.h"
#include "http/upgrade.h"

namespace wss::http {
namespace {

constexpr Limits kLimits = {.headSize = 2048, .headers = 20};

using Status = ParseResult::Status;

void require(bool condition) {
  if (!condition) std::abort();
}

void checkAccepted(const ParseResult& result, std::string_view bytes) {
  const UpgradeRequest& request = result.request;
  const std::string_view head = bytes.substr(0, result.consumed);
  require(head.size() <= kLimits.headSize);
  require(head.starts_with("GET ") && head.ends_with("\r\n\r\n"));
  require(head.find("\r\n\r\n") == head.size() - 4);
  require(!request.uri.empty() && request.uri.find(' ') == std::string_view::npos);
  require(isValidHeaderBlock(request.headers));
  require(hostOf(request.uri, request.headers) == request.host && !request.host.empty());
  require(findHeader(request.headers, "Origin") == request.origin);
  require(offeredSubProtocols(request.headers) == request.subProtocols);
  require(joinHeaders(request.headers, "Transfer-Encoding").empty());
  const std::string_view key = findHeader(request.headers, "Sec-WebSocket-Key");
  require(isBase64Of(key, 16));

  ByteQueue answer;
  appendSwitchingProtocols(answer, key, request.subProtocols, "", request.headers);
  require(textOf(answer.bytes()).find("\r\n\r\n") == answer.size() - 4);
}

/// What is given to another server must be one request to it, too.
void checkOther(const ParseResult& result, std::string_view bytes) {
  const std::string_view head = bytes.substr(0, result.consumed);
  require(head.size() <= kLimits.headSize && head.ends_with("\r\n\r\n"));
  require(head.find("\r\n\r\n") == head.size() - 4);
  const std::string_view headers = result.request.headers;
  require(isValidHeaderBlock(headers));
  require(!listHasTokenIgnoreCase(joinHeaders(headers, "Upgrade"), "websocket"));
  require(!hasHeader(headers, "Transfer-Encoding") || !hasHeader(headers, "Content-Length"));
  const std::string_view length = findHeader(headers, "Content-Length");
  require(length.find_first_not_of("0123456789") == std::string_view::npos);
  require(joinHeaders(headers, "Content-Length") == length);
}

ParseResult compare(std::string_view bytes, std::size_t chunk, Others others) {
  test::ExactBuffer buffer(bytesOf(bytes));
  const ParseResult whole = parseUpgrade(buffer.text(), 0, kLimits, others);
  if (whole.status == Status::kDone) checkAccepted(whole, buffer.text());
  if (whole.status == Status::kOther) checkOther(whole, buffer.text());

  ParseResult chunked;
  for (std::size_t seen = 0; seen < bytes.size() && chunked.status == Status::kNeedMore;) {
    test::ExactBuffer part(bytesOf(bytes.substr(0, seen + chunk)));
    chunked = parseUpgrade(part.text(), seen, kLimits, others);
    seen = part.bytes().size();
  }
  require(whole.status == chunked.status);
  require(whole.consumed == chunked.consumed);
  require(whole.httpStatus == chunked.httpStatus);
  require(whole.reason == chunked.reason);
  return whole;
}

void check(std::string_view bytes, std::size_t chunk) {
  const ParseResult refusing = compare(bytes, chunk, Others::kRefused);
  const ParseResult handing = compare(bytes, chunk, Others::kHandedOver);
  require(refusing.status != Status::kOther);
  // A WebSocket is a WebSocket, whoever else is there.
  require((refusing.status == Status::kDone) == (handing.status == Status::kDone));
}

}  // namespace
}  // namespace wss::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t chunk = std::max<std::size_t>(1, data[0]);
  wss::http::check(wss::textOf({data + 1, size - 1}), chunk);
  return 0;
}
