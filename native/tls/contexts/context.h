// SPDX-License-Identifier: MIT
// What the TLS connections of a server have in common: certificates, protocol settings, authorities
// and ticket keys, as an OpenSSL SSL_CTX. Shared and counted: to change a certificate, give new
// connections another Context; those that are there keep theirs. Belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "tls/contexts/authorities.h"
#include "tls/contexts/context_options.h"
#include "tls/contexts/groups.h"
#include "tls/records/records.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;
struct ssl_st;
struct bio_method_st;

namespace wss::tls {

struct Suites;

/// What OpenSSL asks of a connection during its handshake. SSL_get_app_data() of an SSL made from a
/// Context is one of these.
class SslCallbacks : public Trace {
 public:
  /// What SSL_CTX_set_client_hello_cb(3) and SSL_CTX_set_verify(3) want to be returned.
  virtual int onClientHello(int& alert) = 0;
  virtual int onVerify(bool fits, x509_store_ctx_st* store) = 0;
  /// See SSL_CTX_set_keylog_callback(3).
  virtual void onKeyLog(std::string_view line) = 0;
  /// TLS 1.2 and older: ServerKeyExchange has been made; its key is there for a short while only.
  virtual void onServerKeyExchange() = 0;
  /// The client has asked to renegotiate, and has been told that it may not.
  virtual void onRenegotiation() = 0;

 protected:
  ~SslCallbacks() = default;
};

/// Has onMessage() called for `ssl`.
void traceMessages(ssl_st* ssl);

class Context {
 public:
  static Result<std::shared_ptr<Context>> create(ContextOptions options);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  [[nodiscard]] const ContextOptions& options() const { return options_; }
  /// The names in `cipherSuites` that OpenSSL does not have, separated by ", ".
  [[nodiscard]] const std::string& missingSuites() const { return missingSuites_; }
  [[nodiscard]] TicketKeys& ticketKeys() const { return *options_.ticketKeys; }

  // For a Session.
  /// By preference; empty where OpenSSL chooses.
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  [[nodiscard]] ssl_ctx_st* handle() const { return handle_.get(); }
  [[nodiscard]] const bio_method_st* pipeMethod() const { return pipeMethod_.get(); }
  /// Leaves it to others to accept the client of `ssl`, or not, even one without a certificate.
  void deferVerification(ssl_st* ssl) const;
  /// Whether onKeyLog() is called, unless somebody has asked for a key log: then it always is. For
  /// each secret that OpenSSL tells it calls sprintf() 64 times, so it is to tell few.
  void setKeyLogCallback(bool on);
  /// Null when Records do not know `suite`.
  Aead* aead(std::uint16_t suite);

 private:
  explicit Context(ContextOptions options);

  Result<void> setUp();
  Result<void> setSuites();
  Result<void> applySuites(const Suites& suites);
  Result<void> setProtocols();
  Result<void> setCertificates();
  Result<void> setGroups();
  Result<void> setAuthentication();
  Result<void> setTickets();

  ContextOptions options_;
  std::string missingSuites_;
  std::vector<Group> groups_;
  Scope scope_{};        ///< of sessions; see authenticationScope()
  Scope askingScope_{};  ///< of those about which somebody is asked
  std::shared_ptr<bio_method_st> pipeMethod_;
  std::shared_ptr<ssl_ctx_st> handle_;
  std::vector<std::unique_ptr<Aead>> aeads_;  ///< those that were asked for
};

}  // namespace wss::tls
