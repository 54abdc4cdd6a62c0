// SPDX-License-Identifier: MIT
// What a server does about TLS: its certificates, whether it may go without, and ticket keys.
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "server/listening/server.h"
#include "server/settings/security.h"
#include "tls/contexts/ticket_keys.h"

namespace wss::server {
namespace {

constexpr std::string_view kMisses =
    "None could be selected: set SSLCertSubject to one that SSLCertStore holds, or to an empty "
    "string to serve without TLS.";

}  // namespace

Result<void> Server::setCertificates(std::vector<tls::Certificate> certificates) {
  if (isListening()) {
    if (Result<void> fits = checkTls(!certificates.empty(), false); !fits.ok()) return fits;
  }
  if (certificates.empty()) {
    shared_.tls.context.reset();
    shared_.tls.missesCertificate = false;
    return {};
  }
  auto made = makeTlsContext(options_, std::move(certificates), ticketKeys_);
  if (!made.ok()) return made.error();
  shared_.tls.context = std::move(made.value());
  shared_.tls.missesCertificate = false;
  if (isListening()) logMissingSuites();
  return {};
}

void Server::logMissingSuites() {
  if (shared_.tls.context == nullptr || shared_.tls.context->missingSuites().empty() ||
      !shared_.log.shows(LogLevel::kInfo))
    return;
  shared_.log.add(
      LogLevel::kInfo, 0,
      "SSLEnabledCipherSuites: OpenSSL does not have " + shared_.tls.context->missingSuites());
}

void Server::missCertificate() {
  shared_.tls.context.reset();
  shared_.tls.missesCertificate = true;
  if (isListening()) shared_.log.report(0, makeError(ErrorCode::kCertificateNotFound, kMisses));
}

Result<void> Server::checkTls(bool hasCertificate, bool misses) const {
  const TlsSwitch wanted = tlsSwitch(options_);
  const bool off = wanted == TlsSwitch::kOff;
  // A server that loses its certificate while it listens refuses everybody.
  const bool refuses = misses && isListening();
  if (options_.sslAuthenticateClients && (off || !(hasCertificate || refuses))) {
    return makeError(ErrorCode::kInvalidArgument,
                     off ? "SSLAuthenticateClients needs TLS: set SSLEnabled to True"
                         : "SSLAuthenticateClients needs TLS: select a certificate of the server");
  }
  if (off || hasCertificate || refuses) return {};
  if (misses) return makeError(ErrorCode::kCertificateNotFound, kMisses);
  if (wanted != TlsSwitch::kOn) return {};
  return makeError(ErrorCode::kServerCertificateNotFound,
                   "SSLEnabled is True: select a certificate first.");
}

Result<void> Server::renewTls() {
  if (!shared_.tls.context)
    return isListening() ? checkTls(false, shared_.tls.missesCertificate) : Result<void>();
  return setCertificates(shared_.tls.context->options().certificates);
}

Result<Bytes> Server::ticketKeys() {
  ticketKeys_->rotate(std::chrono::seconds(options_.sslSessionLifetime));
  if (ticketKeys_->bytes().empty()) {
    if (Result<void> made = ticketKeys_->setRandom(); !made.ok()) return made.error();
  }
  return ticketKeys_->bytes();
}

Result<void> Server::setTicketKeys(Bytes keys) { return ticketKeys_->set(keys); }

}  // namespace wss::server
