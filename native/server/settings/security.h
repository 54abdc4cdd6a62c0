// SPDX-License-Identifier: MIT
// The settings of TLS as native/tls wants them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "server/settings/options.h"
#include "tls/contexts/context.h"
#include "tls/contexts/ticket_keys.h"

namespace wss::server {

/// A Context for `certificates` with what the settings say, whose tickets `ticketKeys` seal. Fails
/// with 10022 for a setting that OpenSSL does not take, 271 for authorities that cannot be read.
Result<std::shared_ptr<tls::Context>> makeTlsContext(const Options& options,
                                                     std::vector<tls::Certificate> certificates,
                                                     std::shared_ptr<tls::TicketKeys> ticketKeys);

/// What SSLEnabled says.
enum class TlsSwitch : std::uint8_t { kAuto, kOn, kOff };
TlsSwitch tlsSwitch(const Options& options);

}  // namespace wss::server
