// SPDX-License-Identifier: MIT
// What a server does about TLS: its certificates, whether it may go without, and ticket keys.
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "server/security.h"
#include "server/server.h"
#include "tls/contexts/ticket_keys.h"
#include "tls/sessions/session.h"

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
    tls_.reset();
    missesCertificate_ = false;
    return {};
  }
  auto made = makeTlsContext(options, std::move(certificates), ticketKeys_);
  if (!made.ok()) return made.error();
  tls_ = std::move(made.value());
  missesCertificate_ = false;
  if (isListening()) logMissingSuites();
  return {};
}

void Server::logMissingSuites() {
  if (tls_ == nullptr || tls_->missingSuites().empty() || !logs(1)) return;
  log(1, 0, "SSLEnabledCipherSuites: OpenSSL does not have " + tls_->missingSuites());
}

void Server::missCertificate() {
  tls_.reset();
  missesCertificate_ = true;
  if (isListening()) reportError(0, makeError(ErrorCode::kCertificateNotFound, kMisses));
}

Result<void> Server::checkTls(bool hasCertificate, bool misses) const {
  const TlsSwitch wanted = tlsSwitch(options);
  const bool off = wanted == TlsSwitch::kOff;
  // Who comes to miss its certificate while it listens, refuses everybody.
  const bool refuses = misses && isListening();
  if (options.sslAuthenticateClients && (off || !(hasCertificate || refuses))) {
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

bool Server::isSecure() const {
  return (tls_ != nullptr || missesCertificate_) && tlsSwitch(options) != TlsSwitch::kOff;
}

Result<void> Server::renewTls() {
  if (!tls_) return isListening() ? checkTls(false, missesCertificate_) : Result<void>();
  return setCertificates(tls_->options().certificates);
}

Result<Bytes> Server::ticketKeys() {
  ticketKeys_->rotate(std::chrono::seconds(options.sslSessionLifetime));
  if (ticketKeys_->bytes().empty()) {
    if (Result<void> made = ticketKeys_->setRandom(); !made.ok()) return made.error();
  }
  return ticketKeys_->bytes();
}

Result<void> Server::setTicketKeys(Bytes keys) { return ticketKeys_->set(keys); }

MutableBytes Server::plainBuffer() {
  constexpr std::size_t kSize = net::Loop::kReceiveSize + tls::Session::kHeldRecord;
  if (plainBuffer_ == nullptr) {
    plainBuffer_ = std::make_unique<std::uint8_t[]>(net::Loop::kHeadroom + kSize);
  }
  return {plainBuffer_.get() + net::Loop::kHeadroom, kSize};
}

}  // namespace wss::server
