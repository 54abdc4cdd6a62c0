// SPDX-License-Identifier: MIT
// What a server's Context is made of: the settings of TLS, and the certificates.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls/certificates/certificate.h"
#include "tls/openssl/protocols.h"

namespace wss::tls {

class TicketKeys;

/// The bits of SSLSecurityFlags that mean something for a client's certificate.
inline constexpr std::uint32_t kIgnoreTime = 0x1;
inline constexpr std::uint32_t kAllowUnknownAuthority = 0x10;
inline constexpr std::uint32_t kIgnoreUsage = 0x20;

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

}  // namespace wss::tls
