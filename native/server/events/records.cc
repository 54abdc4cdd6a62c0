// SPDX-License-Identifier: MIT
#include "server/events/records.h"

namespace wss::server {
namespace {

constexpr auto kOpenRequest = namesOf<OpenRequestFields>();
constexpr auto kCertificateRequest = namesOf<CertificateRequestFields>();
constexpr auto kClientCertificate = namesOf<ClientCertificateFields>();
constexpr auto kHandedOver = namesOf<HandedOverFields>();

constexpr auto kTable = std::to_array<EventRow>({
    {"ConnectionRequest", "port", "address", {}},
    {"WebSocketOpenRequest", {}, {}, kOpenRequest},
    {"SSLConnectionRequest", {}, {}, kCertificateRequest},
    {"SSLClientAuthentication", {}, {}, kClientCertificate},
    {"SSLStatus", {}, "message", {}},
    {"Connected", {}, {}, {}},
    {"ReadyToSend", {}, {}, {}},
    {"DataIn", "dataFormat", "textB", {}},
    {"Ping", {}, "payloadB", {}},
    {"Disconnected", "statusCode", "description", {}},
    {"Error", "errorCode", "description", {}},
    {"Log", "logLevel", "message", {}},
    {"Skipped", "skippedMessages", {}, {}},
    {"Forgotten", {}, {}, {}},
    {"Settled", "errorCode", {}, {}},
    {"Published", "count", {}, {}},
    {"Interest", "wanted", "pattern", {}},
    {"HandedOver", "descriptor", {}, kHandedOver},
});
static_assert(kTable.size() == static_cast<std::size_t>(EventKind::kHandedOver) + 1);

}  // namespace

std::span<const EventRow> eventTable() { return kTable; }

}  // namespace wss::server
