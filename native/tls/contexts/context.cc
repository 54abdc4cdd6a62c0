// SPDX-License-Identifier: MIT
#include "tls/contexts/context.h"

#include <array>
#include <chrono>
#include <utility>

#include "tls/certificates/key_trial.h"
#include "tls/certificates/strength.h"
#include "tls/contexts/authorities.h"
#include "tls/contexts/groups.h"
#include "tls/contexts/resumption.h"
#include "tls/contexts/suites.h"
#include "tls/contexts/ticket_keys.h"
#include "tls/openssl/names.h"
#include "tls/openssl/openssl.h"
#include "tls/openssl/pipe.h"
#include "tls/records/tls13_kdf.h"

namespace wss::tls {
namespace {

Error invalid(std::string_view setting, std::string_view why) {
  return makeError(ErrorCode::kInvalidArgument, std::string(setting).append(": ").append(why));
}

Context& contextOf(const SSL* ssl) {
  return *static_cast<Context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

SslCallbacks& callbacksOf(const SSL* ssl) {
  return *static_cast<SslCallbacks*>(SSL_get_app_data(ssl));
}

int onClientHello(SSL* ssl, int* alert, void* /*argument*/) {
  preferGroup(ssl, contextOf(ssl).groups());
  return callbacksOf(ssl).onClientHello(*alert);
}

int onVerify(int fits, X509_STORE_CTX* store) {
  const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
  const auto* const ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, index));
  return callbacksOf(ssl).onVerify(fits == 1, store);
}

void onInfo(const SSL* ssl, int where, int value) {
  // The low byte is the alert.
  if (where == SSL_CB_WRITE_ALERT && (value & 0xff) == SSL_AD_NO_RENEGOTIATION) {
    callbacksOf(ssl).onRenegotiation();
  }
  // By its name: the number is another in a later OpenSSL than the one whose headers we have.
  if (where == SSL_CB_ACCEPT_LOOP && std::string_view(SSL_state_string(ssl)) == "TWSKE") {
    callbacksOf(ssl).onServerKeyExchange();
  }
}

void onKeyLog(const SSL* ssl, const char* line) {
  callbacksOf(ssl).onKeyLog(line);
  const ContextOptions& options = contextOf(ssl).options();
  if (options.keyLog) options.keyLog(line);
}

void onMessage(int sent, int /*version*/, int type, const void* bytes, std::size_t size, SSL* ssl,
               void* /*argument*/) {
  const Bytes message(static_cast<const std::uint8_t*>(bytes), size);
  callbacksOf(ssl).onMessage(sent == 1, type, message);
}

/// RFC 7301 §3.2: a WebSocket is opened by HTTP/1.1; whoever speaks other protocols only is told
/// so.
int onProtocols(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned offeredSize, void* /*argument*/) {
  static constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  auto* const out = const_cast<unsigned char**>(chosen);
  return SSL_select_next_proto(out, size, kOurs, sizeof kOurs, offered, offeredSize) ==
                 OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int onTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac, int sealing) {
  constexpr int kDone = 1;
  constexpr int kDoneRenew = 2;
  const Context& context = contextOf(ssl);
  TicketKeys& keys = context.ticketKeys();
  keys.rotate(std::chrono::seconds(context.options().sessionLifetime));
  const int result = keys.prepare(name, iv, cipher, mac, sealing == 1);
  // Clients use a ticket once (RFC 8446 §C.4): without a new one, the next handshake is a full one.
  const bool used = result == kDone && sealing == 0 && SSL_version(ssl) == TLS1_3_VERSION;
  return used ? kDoneRenew : result;
}

}  // namespace

void traceMessages(ssl_st* ssl) { SSL_set_msg_callback(ssl, onMessage); }

Result<std::shared_ptr<Context>> Context::create(ContextOptions options) {
  const CleanErrors errors;
  // The constructor is private: there is no Context that has not been set up.
  std::shared_ptr<Context> context(new Context(std::move(options)));
  if (Result<void> done = context->setUp(); !done.ok()) return done.error();
  return context;
}

Context::Context(ContextOptions options)
    : options_(std::move(options)),
      pipeMethod_(makePipeMethod()),
      handle_(SSL_CTX_new_ex(nullptr, options_.ownRecords ? keyDerivation() : nullptr,
                             TLS_server_method()),
              SSL_CTX_free) {
  if (options_.ticketKeys == nullptr) options_.ticketKeys = std::make_shared<TicketKeys>();
}

Context::~Context() = default;

Aead* Context::aead(std::uint16_t suite) {
  for (const std::unique_ptr<Aead>& known : aeads_) {
    if (known->suite() == suite) return known.get();
  }
  std::unique_ptr<Aead> made = Aead::create(suite);
  if (made == nullptr) return nullptr;
  return aeads_.emplace_back(std::move(made)).get();
}

void Context::setKeyLogCallback(bool on) {
  if (!options_.keyLog) SSL_CTX_set_keylog_callback(handle_.get(), on ? onKeyLog : nullptr);
}

Result<void> Context::setUp() {
  SSL_CTX* const handle = handle_.get();
  if (handle == nullptr) {
    return makeError(ErrorCode::kNoSecurityCredentials, CleanErrors::reason());
  }
  SSL_CTX_set_app_data(handle, this);
  // Renegotiation would let a client make us work without end (CVE-2011-1473).
  SSL_CTX_set_options(handle, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_dh_auto(handle, 1);
  SSL_CTX_set_client_hello_cb(handle, onClientHello, nullptr);
  SSL_CTX_set_info_callback(handle, onInfo);
  SSL_CTX_set_alpn_select_cb(handle, onProtocols, nullptr);
  if (options_.keyLog) SSL_CTX_set_keylog_callback(handle, onKeyLog);

  using Step = Result<void> (Context::*)();
  constexpr Step kSteps[] = {&Context::setSuites,         &Context::setProtocols,
                             &Context::setCertificates,   &Context::setGroups,
                             &Context::setAuthentication, &Context::setTickets};
  for (const Step step : kSteps) {
    if (Result<void> done = (this->*step)(); !done.ok()) return done;
  }
  return {};
}

Result<void> Context::setSuites() {
  Result<Suites> chosen = chosenSuites(options_.cipherSuites, options_.openSslCipherList);
  if (!chosen.ok()) return chosen.error();
  if ((options_.protocols & (kTls10 | kTls11)) != 0) allowOldVersions(handle_.get());
  missingSuites_ = std::move(chosen.value().missing);
  Result<void> done = applySuites(chosen.value());
  if (done.ok() && options_.cipherStrength > 0) {
    done = applySuites(strongSuites(handle_.get(), options_.cipherStrength));
  }
  return done;
}

Result<void> Context::applySuites(const Suites& suites) {
  SSL_CTX* const handle = handle_.get();
  if (SSL_CTX_set_ciphersuites(handle, suites.tls13.c_str()) != 1) {
    return invalid("SSLEnabledCipherSuites", "OpenSSL does not know one of them.");
  }
  // A version without suites is turned off: otherwise its handshakes would begin, and all fail.
  if (suites.tls13.empty()) options_.protocols &= ~kTls13;
  if (suites.older.empty()) {
    options_.protocols &= kTls13;
  } else if (SSL_CTX_set_cipher_list(handle, suites.older.c_str()) != 1) {
    return invalid(options_.cipherSuites == "*" ? "OpenSSLCipherList" : "SSLEnabledCipherSuites",
                   "OpenSSL knows no cipher of this list.");
  }
  return {};
}

Result<void> Context::setProtocols() {
  struct Row {
    std::uint32_t bits;
    std::uint64_t off;
  };
  constexpr Row kVersions[] = {
      {kTls10, SSL_OP_NO_TLSv1},
      {kTls11, SSL_OP_NO_TLSv1_1},
      {kTls12, SSL_OP_NO_TLSv1_2},
      {kTls13, SSL_OP_NO_TLSv1_3},
  };
  const std::uint32_t wanted = options_.protocols;
  if ((wanted & ~(kTls10 | kTls11 | kTls12 | kTls13)) != 0) {
    return invalid("SSLEnabledProtocols", "Only TLS 1.0 to 1.3 can be enabled.");
  }
  if (wanted == 0) {
    return invalid("SSLEnabledProtocols", "No version is enabled that has a cipher suite.");
  }
  SSL_CTX* const handle = handle_.get();
  // The system's configuration may have set limits: the settings take their place.
  SSL_CTX_set_min_proto_version(handle, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(handle, TLS1_3_VERSION);
  for (const Row& row : kVersions) {
    if ((wanted & row.bits) == 0) SSL_CTX_set_options(handle, row.off);
  }
  return {};
}

Result<void> Context::setCertificates() {
  if (options_.certificates.empty()) {
    return makeError(ErrorCode::kServerCertificateNotFound, "Select a certificate first.");
  }
  for (const Certificate& certificate : options_.certificates) {
    if (certificate.key() == nullptr) {
      return makeError(ErrorCode::kServerCertificateNotFound,
                       "The certificate has no private key, and a server needs both.");
    }
    if (Result<void> strong = requireStrong(certificate); !strong.ok()) return strong;
    const BorrowedChain chain = borrow(certificate.chain());
    if (SSL_CTX_use_cert_and_key(handle_.get(), certificate.leaf().get(), certificate.key().get(),
                                 chain.get(), 0) != 1) {
      return makeError(ErrorCode::kNoSecurityCredentials,
                       "The certificate cannot be used: " + CleanErrors::reason() + ".");
    }
  }
  return {};
}

Result<void> Context::setGroups() {
  SSL_CTX* const handle = handle_.get();
  auto groups = tls::setGroups(handle, options_.groups);
  if (!groups.ok()) return groups.error();
  // In TLS 1.2 OpenSSL goes by the server's order anyway.
  if ((options_.protocols & kTls13) != 0) groups_ = std::move(groups.value());
  const std::string signatures = openSslSignatureAlgorithms(options_.signatureAlgorithms);
  if (!signatures.empty() && SSL_CTX_set1_sigalgs_list(handle, signatures.c_str()) != 1) {
    return invalid("Signature algorithms", "OpenSSL does not know one of " + signatures + ".");
  }
  const Served served{options_.protocols, options_.groups, options_.signatureAlgorithms};
  for (const Certificate& certificate : options_.certificates) {
    if (Result<void> done = checkServed(certificate, served); !done.ok()) return done;
  }
  return {};
}

Result<void> Context::setAuthentication() {
  SSL_CTX* const handle = handle_.get();
  if (options_.authenticateClients) {
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, onVerify);
    if (Result<void> done = trustAuthorities(handle, options_); !done.ok()) return done;
  }
  scope_ = authenticationScope(handle, options_, false);
  askingScope_ = authenticationScope(handle, options_, true);
  SSL_CTX_set_session_id_context(handle, scope_.data(), static_cast<unsigned>(scope_.size()));
  return {};
}

void Context::deferVerification(SSL* ssl) const {
  // A null callback leaves that of the context in place.
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  SSL_set_session_id_context(ssl, askingScope_.data(), static_cast<unsigned>(askingScope_.size()));
}

Result<void> Context::setTickets() {
  SSL_CTX* const handle = handle_.get();
  // The server remembers nothing: what a session needs is in its ticket.
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  if (!options_.sessionTickets) {
    SSL_CTX_set_options(handle, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(handle, 0);
    return {};
  }
  SSL_CTX_set_num_tickets(handle, 1);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, onTicketKey);
  limitSessions(handle, options_);
  TicketKeys& keys = *options_.ticketKeys;
  return keys.bytes().empty() ? keys.setRandom() : Result<void>();
}

}  // namespace wss::tls
