// SPDX-License-Identifier: MIT
#include "server/events/log.h"

#include <string>

#include "http/header.h"
#include "server/events/log_text.h"

namespace wss::server {

void Log::addLine(LogLevel level, std::int32_t id, std::int32_t flags, std::string_view text) {
  if (!shows(level)) return;
  events_.addText(EventRecord::log(id, flags, static_cast<int>(level)), visible(text));
}

void Log::report(std::int32_t id, const Error& error) {
  addError(id, error.message);
  if (!events_.wants(EventKind::kError)) return;
  events_.addText(EventRecord::error(id, error.code), error.message);
}

void Log::addRequest(std::int32_t id, const http::UpgradeRequest& request,
                     const net::Address& client) {
  if (!shows(LogLevel::kInfo)) return;
  const bool masks = options_.maskSensitive;
  const std::string target = masks ? maskedTarget(request.uri) : std::string(request.uri);
  add(LogLevel::kInfo, id, "GET " + target + " HTTP/1.1 from " + client.text());
  if (!shows(LogLevel::kVerbose)) return;
  std::string_view rest = request.headers;
  while (!rest.empty()) {
    const std::string_view line = http::takeUntil(rest, http::kLineEnd);
    add(LogLevel::kVerbose, id, masks ? maskedHeader(line) : std::string(line));
  }
}

}  // namespace wss::server
