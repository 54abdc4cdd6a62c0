// SPDX-License-Identifier: MIT
#include "server/properties/properties.h"

#include <array>
#include <climits>

#include "http/header.h"
#include "http/upgrade.h"
#include "server/connection/connection.h"
#include "server/settings/setting_text.h"

namespace wss::server {
namespace {

constexpr int kMaxTimeout = 24 * 60 * 60;

std::string header(const Connection& connection, std::string_view name) {
  return std::string(http::findHeader(connection.request().headers(), name));
}

constexpr auto kTable = std::to_array<Property>({
    {"AcceptData", [](const Connection& c) -> PropertyValue { return c.acceptsData(); },
     [](Connection& c, const PropertyValue& value) -> Result<void> {
       c.setAcceptsData(std::get<bool>(value));
       return {};
     }},
    {"BytesSent", [](const Connection& c) -> PropertyValue { return c.bytesSent(); }, nullptr},
    {"Connected", [](const Connection& c) -> PropertyValue { return c.isOpen(); }, nullptr},
    {.name = "ConnectionUID",
     .read = [](const Connection& c) -> PropertyValue { return c.uid(); },
     .write = nullptr,
     .setting = true,
     .initial = std::string_view(),
     .doc = "A text that no other connection has or will have, of this server or any other."},
    {"Host",
     [](const Connection& c) -> PropertyValue {
       return std::string(http::hostOf(c.request().uri(), c.request().headers()));
     },
     nullptr},
    {"LineMode", [](const Connection& c) -> PropertyValue { return c.lineMode(); },
     [](Connection& c, const PropertyValue& value) -> Result<void> {
       c.setLineMode(std::get<bool>(value));
       return {};
     }},
    {"LocalAddress", [](const Connection& c) -> PropertyValue { return c.local().host(); },
     nullptr},
    {.name = "MaxLineLength",
     .read = [](const Connection& c) -> PropertyValue { return c.maxLineLength(); },
     .write = [](Connection& c, const PropertyValue& value) -> Result<void> {
       return c.setMaxLineLength(std::get<int>(value));
     },
     .min = 1,
     .max = INT_MAX,
     .setting = true,
     .initial = 2048,
     .doc = "Bytes after which a line is delivered though its end has not come, in line mode."},
    {.name = "MessageLength",
     .read = [](const Connection& c) -> PropertyValue { return c.messageLength(); },
     .write = [](Connection& c, const PropertyValue& value) -> Result<void> {
       return c.setMessageLength(std::get<int>(value));
     },
     .max = INT_MAX,
     .setting = true,
     .initial = 0,
     .doc = "Bytes that are yet to be sent of a message in parts: so many of the next bytes sent "
            "are one message, and only the last part ends it; 0: each send is a message. For "
            "connections whose Timeout is 0."},
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
    {.name = "SSLNegotiatedCipher",
     .read = [](const Connection& c) -> PropertyValue {
       return std::string(c.negotiated().cipher);
     },
     .write = nullptr,
     .setting = true,
     .initial = std::string_view(),
     .doc = "Cipher that TLS has come to use, such as AES_128_GCM; empty without TLS."},
    {.name = "SSLNegotiatedCipherStrength",
     .read = [](const Connection& c) -> PropertyValue { return c.negotiated().cipherBits; },
     .write = nullptr,
     .setting = true,
     .initial = 0,
     .doc = "Bits of that cipher's key."},
    {.name = "SSLNegotiatedCipherSuite",
     .read = [](const Connection& c)
         -> PropertyValue { return std::string(c.negotiated().cipherSuite); },
     .write = nullptr,
     .setting = true,
     .initial = std::string_view(),
     .doc = "Cipher suite that TLS has come to use, by its IANA name."},
    {.name = "SSLNegotiatedKeyExchange",
     .read = [](const Connection& c)
         -> PropertyValue { return std::string(c.negotiated().keyExchange); },
     .write = nullptr,
     .setting = true,
     .initial = std::string_view(),
     .doc = "Key exchange that TLS has come to use, such as ecdhe_x25519."},
    {.name = "SSLNegotiatedKeyExchangeStrength",
     .read = [](const Connection& c) -> PropertyValue { return c.negotiated().keyExchangeBits; },
     .write = nullptr,
     .setting = true,
     .initial = 0,
     .doc = "Bits of that key exchange's key."},
    {.name = "SSLNegotiatedVersion",
     .read =
         [](const Connection& c) -> PropertyValue { return std::string(c.negotiated().version); },
     .write = nullptr,
     .setting = true,
     .initial = std::string_view(),
     .doc = "Version of TLS, such as TLSv1.3."},
    {"SkippedMessages", [](const Connection& c) -> PropertyValue { return c.skippedMessages(); },
     nullptr},
    {"SubProtocols",
     [](const Connection& c)
         -> PropertyValue { return http::offeredSubProtocols(c.request().headers()); },
     nullptr},
    {.name = "Timeout",
     .read = [](const Connection& c) -> PropertyValue { return c.timeoutSeconds(); },
     .write = [](Connection& c, const PropertyValue& value) -> Result<void> {
       c.setTimeoutSeconds(std::get<int>(value));
       return {};
     },
     .max = kMaxTimeout},
});

}  // namespace

std::span<const Property> propertyTable() { return kTable; }

Result<void> writeProperty(Connection& connection, const Property& property,
                           const PropertyValue& value) {
  if (property.write == nullptr) {
    return makeError(ErrorCode::kInvalidArgument, std::string(property.name) + " cannot be set");
  }
  const int* const number = std::get_if<int>(&value);
  if (number != nullptr && (*number < property.min || *number > property.max)) {
    return notInRange(property.name, std::to_string(*number), property.min, property.max);
  }
  return property.write(connection, value);
}

}  // namespace wss::server
