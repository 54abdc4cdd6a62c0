// SPDX-License-Identifier: MIT
// What the core tells of, in the form that JavaScript reads: a record for each event. The addon
// exports these numbers and names (addon/layout.cc), so that lib/ has none of its own;
// docs/boundary.md has the grammar. To add a field to an event: add it here, and to the class of
// the event in lib/events; test/events/boundary.test.ts compares the two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace wss::server {

enum class EventKind : std::int32_t {
  kConnectionRequest,        ///< a question
  kWebSocketOpenRequest,     ///< a question
  kSSLConnectionRequest,     ///< a question
  kSSLClientAuthentication,  ///< a question
  kSSLStatus,
  kConnected,
  kReadyToSend,
  kDataIn,
  kPing,
  kDisconnected,
  kError,
  kLog,
  kSkipped,     ///< the first publication that a slow peer does not get, until it is ready again
  kForgotten,   ///< a connection that was asked about has ended without having been open
  kSettled,     ///< a send or ping that waited
  kPublished,   ///< a publication is on its way
  kInterest,    ///< a pattern has its first subscriber, or has lost its last
  kHandedOver,  ///< a connection whose request is for another server
};

/// What the record of a kind carries, by the names that the event has in JavaScript.
struct EventRow {
  std::string_view name;
  std::string_view value;    ///< what EventRecord::value is; empty: nothing
  std::string_view payload;  ///< what the payload is, when it is one thing; empty: see `fields`
  std::span<const std::string_view> fields;  ///< the texts that the payload is a list of
};
/// A row for each EventKind, in that order.
std::span<const EventRow> eventTable();
/// The events that users know, which are the first of them: those before kForgotten.
inline constexpr std::size_t kKnownEvents = static_cast<std::size_t>(EventKind::kForgotten);

/// Bits of EventRecord::flags.
inline constexpr std::int32_t kIsAscii = 1;  ///< the payload is all below 0x80
inline constexpr std::int32_t kEndOfMessage = 2;
inline constexpr std::int32_t kEndOfLine = 4;
inline constexpr std::int32_t kIsResponse = 8;  ///< a Pong, not a Ping
inline constexpr std::int32_t kIsError = 16;
inline constexpr std::int32_t kIsRefused = 32;  ///< by the settings, unless the answer overrules it
inline constexpr std::int32_t kIsBinary = 64;   ///< of a binary message, though value is 0
/// Never set here: the reader marks payloads by it that will be taken back.
inline constexpr std::int32_t kIsLent = 1 << 16;

/// One event: integers of 32 bits, in this order. The makers know which of them a kind has; where
/// its payload is, EventBatch adds.
struct EventRecord {
  EventKind kind;
  std::int32_t connectionId;  ///< 0: the server itself
  std::int32_t flags = 0;
  std::int32_t value = 0;
  std::int32_t chunk = 0;  ///< where the payload is: in the chunk of this index, or, when negative,
                           ///< in the adopted memory of index ~chunk
  std::int32_t offset = 0;  ///< where in the chunk
  std::int32_t length = 0;
  std::int32_t token = 0;  ///< what a send or ping that waits is known by

  static constexpr EventRecord connectionRequest(std::int32_t id, int port, bool admitted) {
    return {EventKind::kConnectionRequest, id, kIsAscii | (admitted ? 0 : kIsRefused), port};
  }
  static constexpr EventRecord openRequest(std::int32_t id) {
    return {EventKind::kWebSocketOpenRequest, id};
  }
  static constexpr EventRecord certificateRequest(std::int32_t id) {
    return {EventKind::kSSLConnectionRequest, id};
  }
  /// Without a payload there is no certificate.
  static constexpr EventRecord clientAuthentication(std::int32_t id, bool verified) {
    return {EventKind::kSSLClientAuthentication, id, verified ? 0 : kIsRefused};
  }
  static constexpr EventRecord tlsStatus(std::int32_t id) { return {EventKind::kSSLStatus, id}; }
  static constexpr EventRecord connected(std::int32_t id) { return {EventKind::kConnected, id}; }
  static constexpr EventRecord readyToSend(std::int32_t id) {
    return {EventKind::kReadyToSend, id};
  }
  /// `format`: an opcode, or 0 for a line and for a piece that goes on with a message.
  static constexpr EventRecord dataIn(std::int32_t id, std::int32_t flags, std::int32_t format) {
    return {EventKind::kDataIn, id, flags, format};
  }
  static constexpr EventRecord ping(std::int32_t id) { return {EventKind::kPing, id}; }
  static constexpr EventRecord pong(std::int32_t id) { return {EventKind::kPing, id, kIsResponse}; }
  static constexpr EventRecord disconnected(std::int32_t id, std::uint16_t code) {
    return {EventKind::kDisconnected, id, 0, code};
  }
  static constexpr EventRecord error(std::int32_t id, ErrorCode code) {
    return {EventKind::kError, id, 0, static_cast<std::int32_t>(code)};
  }
  /// `flags`: 0 or kIsError.
  static constexpr EventRecord log(std::int32_t id, std::int32_t flags, int level) {
    return {EventKind::kLog, id, flags, level};
  }
  static constexpr EventRecord skipped(std::int32_t id, std::int32_t count) {
    return {EventKind::kSkipped, id, 0, count};
  }
  static constexpr EventRecord forgotten(std::int32_t id) { return {EventKind::kForgotten, id}; }
  /// `code`: ErrorCode{} when it has succeeded.
  static constexpr EventRecord settled(std::int32_t id, std::int32_t token, ErrorCode code) {
    return {EventKind::kSettled, id, 0, static_cast<std::int32_t>(code), 0, 0, 0, token};
  }
  static constexpr EventRecord interest(bool wanted) {
    return {EventKind::kInterest, 0, 0, wanted ? 1 : 0};
  }
  /// `fd`: of its socket or, under TLS, of what stands for that; to be taken with Server::take().
  static constexpr EventRecord handedOver(std::int32_t id, int fd) {
    return {EventKind::kHandedOver, id, 0, fd};
  }
  /// `count`: how many connections it was put on the way to.
  static constexpr EventRecord published(std::int32_t token, std::int32_t count) {
    return {EventKind::kPublished, 0, 0, count, 0, 0, 0, token};
  }
};
static_assert(sizeof(EventRecord) == 32);

/// A field of `Fields`, which are the texts of a payload in the form of server/events/fields.h.
template <typename Fields>
struct Field {
  std::string_view name;
  std::string_view Fields::* text;
};

struct OpenRequestFields {
  std::string_view requestURI;  ///< path and query as the request has them
  std::string_view hostHeader;
  std::string_view originHeader;
  std::string_view subProtocols;
  std::string_view extensions;
  std::string_view requestHeaders;  ///< all lines as they came

  static constexpr auto all() {
    using F = OpenRequestFields;
    return std::to_array<Field<F>>({{"requestURI", &F::requestURI},
                                    {"hostHeader", &F::hostHeader},
                                    {"originHeader", &F::originHeader},
                                    {"subProtocols", &F::subProtocols},
                                    {"extensions", &F::extensions},
                                    {"requestHeaders", &F::requestHeaders}});
  }
};

struct CertificateRequestFields {
  std::string_view serverName;  ///< SNI, or empty
  std::string_view supportedCipherSuites;
  std::string_view supportedSignatureAlgs;

  static constexpr auto all() {
    using F = CertificateRequestFields;
    return std::to_array<Field<F>>({{"serverName", &F::serverName},
                                    {"supportedCipherSuites", &F::supportedCipherSuites},
                                    {"supportedSignatureAlgs", &F::supportedSignatureAlgs}});
  }
};

struct ClientCertificateFields {
  std::string_view certEncoded;  ///< PEM
  std::string_view certSubject;
  std::string_view certIssuer;
  std::string_view status;  ///< what is to be said against it

  static constexpr auto all() {
    using F = ClientCertificateFields;
    return std::to_array<Field<F>>({{"certEncoded", &F::certEncoded},
                                    {"certSubject", &F::certSubject},
                                    {"certIssuer", &F::certIssuer},
                                    {"status", &F::status}});
  }
};

/// What goes with a connection that is handed over: of a plain one its bytes; of one under TLS,
/// whose bytes come through the descriptor, all the rest.
struct HandedOverFields {
  std::string_view bytes;  ///< what has been read of it
  std::string_view remoteAddress;
  std::string_view remotePort;
  std::string_view localAddress;
  std::string_view localPort;
  std::string_view protocol;     ///< "TLSv1.3"
  std::string_view cipherSuite;  ///< IANA name
  std::string_view certEncoded;  ///< the client's, in PEM; empty: it has shown none
  std::string_view status;       ///< what is to be said against that: "OK", or why not

  static constexpr auto all() {
    using F = HandedOverFields;
    return std::to_array<Field<F>>({{"bytes", &F::bytes},
                                    {"remoteAddress", &F::remoteAddress},
                                    {"remotePort", &F::remotePort},
                                    {"localAddress", &F::localAddress},
                                    {"localPort", &F::localPort},
                                    {"protocol", &F::protocol},
                                    {"cipherSuite", &F::cipherSuite},
                                    {"certEncoded", &F::certEncoded},
                                    {"status", &F::status}});
  }
};

/// The names, or the texts, of a list of fields, in the order in which they are written.
template <typename Fields>
constexpr auto namesOf() {
  constexpr auto kAll = Fields::all();
  static_assert(sizeof(Fields) == kAll.size() * sizeof(std::string_view), "a field has no row");
  std::array<std::string_view, kAll.size()> names;
  for (std::size_t i = 0; i < kAll.size(); ++i) names[i] = kAll[i].name;
  return names;
}
template <typename Fields>
constexpr auto textsOf(const Fields& fields) {
  constexpr auto kAll = Fields::all();
  std::array<std::string_view, kAll.size()> texts;
  for (std::size_t i = 0; i < kAll.size(); ++i) texts[i] = fields.*kAll[i].text;
  return texts;
}

}  // namespace wss::server
