// SPDX-License-Identifier: MIT
// How new connections are served: under TLS or in plain text.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "net/loop.h"
#include "server/settings/options.h"
#include "server/settings/security.h"
#include "tls/contexts/context.h"
#include "tls/sessions/session.h"

namespace wss::server {

/// Connections that have begun to shake hands keep the context that they began with.
struct ServedTls {
  std::shared_ptr<tls::Context> context;  ///< null: there is no certificate
  /// There is none, though one was wanted: nobody is served, least of all in plain text.
  bool missesCertificate = false;

  [[nodiscard]] bool isSecure(const Options& options) const {
    return (context != nullptr || missesCertificate) && tlsSwitch(options) != TlsSwitch::kOff;
  }
  /// Where a Session puts plaintext, as Loop::receiveBuffer().
  [[nodiscard]] MutableBytes plainBuffer() {
    constexpr std::size_t kSize = net::Loop::kReceiveSize + tls::Session::kHeldRecord;
    if (buffer == nullptr) {
      buffer = std::make_unique<std::uint8_t[]>(net::Loop::kHeadroom + kSize);
    }
    return {buffer.get() + net::Loop::kHeadroom, kSize};
  }

  std::unique_ptr<std::uint8_t[]> buffer;  ///< of plainBuffer(); made when it is asked for
};

}  // namespace wss::server
