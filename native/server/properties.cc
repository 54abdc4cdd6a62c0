// SPDX-License-Identifier: MIT
#include "server/properties.h"

#include <array>

#include "http/header.h"
#include "server/connection.h"

namespace wss::server {
namespace {

constexpr int kMaxTimeout = 24 * 60 * 60;

std::string header(const Connection& connection, std::string_view name) {
  return std::string(http::findHeader(connection.request().headers(), name));
}

Result<void> setTimeout(Connection& connection, const PropertyValue& value) {
  const int seconds = std::get<int>(value);
  if (seconds < 0 || seconds > kMaxTimeout) {
    return makeError(ErrorCode::kInvalidArgument,
                     "a timeout is from 0 to " + std::to_string(kMaxTimeout) + " seconds");
  }
  connection.setTimeoutSeconds(seconds);
  return {};
}

constexpr auto kTable = std::to_array<Property>({
    {"AcceptData", [](const Connection& c) -> PropertyValue { return c.acceptsData(); },
     [](Connection& c, const PropertyValue& value) -> Result<void> {
       c.setAcceptsData(std::get<bool>(value));
       return {};
     }},
    {"BytesSent", [](const Connection& c) -> PropertyValue { return c.bytesSent(); }, nullptr},
    {"Connected", [](const Connection& c) -> PropertyValue { return c.isOpen(); }, nullptr},
    {"Host", [](const Connection& c) -> PropertyValue { return header(c, "Host"); }, nullptr},
    {"LineMode", [](const Connection& c) -> PropertyValue { return c.lineMode(); },
     [](Connection& c, const PropertyValue& value) -> Result<void> {
       c.setLineMode(std::get<bool>(value));
       return {};
     }},
    {"LocalAddress", [](const Connection& c) -> PropertyValue { return c.local().host(); },
     nullptr},
    {"Origin", [](const Connection& c) -> PropertyValue { return header(c, "Origin"); }, nullptr},
    {"QueuedBytes", [](const Connection& c) -> PropertyValue { return c.queuedBytes(); }, nullptr},
    {"ReadyToSend", [](const Connection& c) -> PropertyValue { return c.isReadyToSend(); },
     nullptr},
    {"RemoteHost", [](const Connection& c) -> PropertyValue { return c.remote().host(); }, nullptr},
    {"RemotePort", [](const Connection& c) -> PropertyValue { return int{c.remote().port}; },
     nullptr},
    {"RequestHeaders", [](const Connection& c) -> PropertyValue { return c.request().headers(); },
     nullptr},
    {"RequestURI", [](const Connection& c) -> PropertyValue { return c.request().uri(); }, nullptr},
    {"SubProtocols",
     [](const Connection& c) -> PropertyValue {
       return http::joinHeaders(c.request().headers(), "Sec-WebSocket-Protocol");
     },
     nullptr},
    {"Timeout", [](const Connection& c) -> PropertyValue { return c.timeoutSeconds(); },
     setTimeout},
});

}  // namespace

std::span<const Property> propertyTable() { return kTable; }

}  // namespace wss::server
