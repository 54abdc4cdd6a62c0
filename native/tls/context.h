// SPDX-License-Identifier: MIT
// What the TLS connections of a server have in common: certificates, protocol settings, authorities
// and ticket keys, as an OpenSSL SSL_CTX. Shared and counted: to change a certificate, give new
// connections another Context; those that are there keep theirs. Belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "tls/certificate.h"
#include "tls/groups.h"
#include "tls/records.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;
struct ssl_st;
struct bio_method_st;

namespace wss::tls {

class TicketKeys;
struct Suites;

/// The bits of SSLEnabledProtocols.
inline constexpr std::uint32_t kTls10 = 192;
inline constexpr std::uint32_t kTls11 = 768;
inline constexpr std::uint32_t kTls12 = 3072;
inline constexpr std::uint32_t kTls13 = 12288;

/// The bits of SSLSecurityFlags that mean something for a client's certificate.
inline constexpr std::uint32_t kIgnoreTime = 0x1;
inline constexpr std::uint32_t kAllowUnknownAuthority = 0x10;
inline constexpr std::uint32_t kIgnoreUsage = 0x20;

/// Sessions are resumed only where this is the same.
using Scope = std::array<std::uint8_t, 32>;

struct ContextOptions {
  /// At least one, with its key; of several, one per kind of key.
  std::vector<Certificate> certificates;
  std::uint32_t protocols = kTls12 | kTls13;
  /// IANA names, or "*" for all that are safe.
  std::string cipherSuites = "*";
  /// OpenSSL's form, for TLS 1.2 and older, where cipherSuites is "*". Empty for the safe ones.
  std::string openSslCipherList;
  /// Suites whose cipher has fewer bits are not used.
  int cipherStrength = 0;
  /// In the order of preference; empty for OpenSSL's own choice.
  std::string groups;
  std::string signatureAlgorithms;

  /// Clients must have a certificate.
  bool authenticateClients = false;
  /// The authorities that are trusted to know clients, named to the clients: PEM.
  std::string caCertificates;
  /// The same: a PEM file, and a folder with a file per hash.
  std::string caFile;
  std::string caFolder;
  /// The system's authorities: the first of these files that is there is trusted too.
  std::vector<std::string> caBundles;
  /// See kIgnoreTime and the others.
  std::uint32_t securityFlags = 0;

  bool sessionTickets = true;
  /// Seconds after its full handshake in which a session can be resumed.
  int sessionLifetime = 7200;
  /// Records take over after a handshake of TLS 1.3, unless OpenSSL is in FIPS mode.
  bool ownRecords = true;
  /// What seals them, for several Contexts whose sessions are each other's. Null: one that nobody
  /// else has; the same if there are no keys in it yet.
  std::shared_ptr<TicketKeys> ticketKeys;
  /// Is told the secrets of every connection, as a line of an NSS key log. Never leave it on.
  std::function<void(std::string_view line)> keyLog;
};

/// What OpenSSL asks of a connection during its handshake. SSL_get_app_data() of an SSL made from a
/// Context is one of these.
class Handshake : public Trace {
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
  ~Handshake() = default;
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
  /// Whoever `ssl`'s client is, and be it one without a certificate, is for others to accept or
  /// not.
  void leaveToOthers(ssl_st* ssl) const;
  /// Whether onKeyLog() is called, unless somebody has asked for a key log: then it always is. For
  /// each secret that OpenSSL tells it calls sprintf() 64 times, so it is to tell few.
  void tellSecrets(bool on);
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
