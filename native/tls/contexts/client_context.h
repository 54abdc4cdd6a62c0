// SPDX-License-Identifier: MIT
// What the TLS connections of a client have in common: whom it trusts, whom it expects to find, and
// what it shows of itself, as an OpenSSL SSL_CTX. Shared and counted. Belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "tls/certificates/certificate.h"
#include "tls/openssl/protocols.h"

struct bio_method_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace wss::tls {

struct ClientOptions {
  /// The host name or IP address that the server's certificate must be for. A name is also sent to
  /// the server (SNI).
  std::string serverName;
  /// Whether the server's certificate is verified at all.
  bool verify = true;
  /// PEM: who is trusted to know servers.
  std::string authorities;
  /// What the client shows when it is asked; with its key.
  std::optional<Certificate> certificate;
  /// kTls12, kTls13, or both.
  std::uint32_t protocols = kTls12 | kTls13;
  /// Whether sessions are kept, for ClientSession::ticket().
  bool resume = false;
};

/// Is given the sessions of tickets that have come. SSL_get_app_data() of an SSL made from a
/// ClientContext is one of these.
class TicketTaker {
 public:
  /// Owns `session` from here on.
  virtual void onTicket(ssl_session_st* session) = 0;

 protected:
  ~TicketTaker() = default;
};

class ClientContext {
 public:
  /// Error 271 when `authorities` holds none though they are needed, 273 when the certificate
  /// cannot be used.
  static Result<std::shared_ptr<ClientContext>> create(ClientOptions options);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ~ClientContext() = default;

  [[nodiscard]] const ClientOptions& options() const { return options_; }
  /// Whether serverName is a name that can be sent, not an address (RFC 6066 §3).
  [[nodiscard]] bool sendsServerName() const { return sendsServerName_; }

  // For a ClientSession.
  [[nodiscard]] ssl_ctx_st* handle() const { return handle_.get(); }
  [[nodiscard]] const bio_method_st* pipeMethod() const { return pipeMethod_.get(); }

 private:
  explicit ClientContext(ClientOptions options);

  Result<void> setUp();
  Result<void> setVerification();
  Result<void> setCertificate();

  ClientOptions options_;
  bool sendsServerName_ = false;
  std::shared_ptr<bio_method_st> pipeMethod_;
  std::shared_ptr<ssl_ctx_st> handle_;
};

}  // namespace wss::tls
