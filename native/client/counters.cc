// SPDX-License-Identifier: MIT
#include "client/counters.h"

namespace wss::client {
namespace {

constexpr CounterRow kCounters[] = {
    {"attempts", &Counters::attempts},
    {"connects", &Counters::connects},
    {"open", &Counters::open},
    {"closed", &Counters::closed},
    {"sent", &Counters::sent},
    {"received", &Counters::received},
    {"compressed", &Counters::compressed},
    {"bytesSent", &Counters::bytesSent},
    {"bytesReceived", &Counters::bytesReceived},
};

constexpr std::string_view kFailures[] = {
    "refused",   "reset",    "timedOut",    "system",   "badStatus",
    "badAnswer", "protocol", "closedEarly", "mismatch",
};

}  // namespace

std::span<const CounterRow> counterTable() { return kCounters; }

std::span<const std::string_view> failureNames() { return kFailures; }

}  // namespace wss::client
