// SPDX-License-Identifier: MIT
#include "client/counters.h"

#include "tls/sessions/client_session.h"

namespace wss::client {
namespace {

constexpr CounterRow kCounters[] = {
    {"attempts", &Counters::attempts},
    {"handshakes", &Counters::handshakes},
    {"resumed", &Counters::resumed},
    {"connects", &Counters::connects},
    {"open", &Counters::open},
    {"closed", &Counters::closed},
    {"sent", &Counters::sent},
    {"received", &Counters::received},
    {"compressed", &Counters::compressed},
    {"publications", &Counters::publications},
    {"bytesSent", &Counters::bytesSent},
    {"bytesReceived", &Counters::bytesReceived},
};

constexpr std::string_view kFailures[] = {
    "refused",     "reset",    "timedOut",       "system",   "badStatus", "badAnswer", "protocol",
    "closedEarly", "mismatch", "tlsCertificate", "tlsAlert", "notTls",    "tlsOther",
};

tls::ClientFailure::Kind tlsKind(Failure kind) {
  return static_cast<tls::ClientFailure::Kind>(static_cast<int>(kind) -
                                               static_cast<int>(Failure::kTlsCertificate));
}

}  // namespace

std::span<const CounterRow> counterTable() { return kCounters; }

std::span<const std::string_view> failureNames() { return kFailures; }

std::string detailText(Failure kind, int detail) {
  if (kind < Failure::kTlsCertificate) return {};
  return tls::textOf({tlsKind(kind), detail});
}

}  // namespace wss::client
