// SPDX-License-Identifier: MIT
#include "server/settings/security.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "server/settings/setting_text.h"

namespace wss::server {
namespace {

std::vector<std::string> pathsOf(std::string_view list) {
  const std::vector<std::string_view> paths = wordsOf(list, ";");
  return {paths.begin(), paths.end()};
}

/// OpenSSL has one list for all versions of TLS: that of the versions that are on, or both; an
/// empty one says nothing.
std::string listOf(std::uint32_t protocols, const std::string& tls13, const std::string& tls12) {
  constexpr std::uint32_t kOlder = tls::kTls10 | tls::kTls11 | tls::kTls12;
  if (tls13.empty() || ((protocols & tls::kTls13) == 0 && !tls12.empty())) return tls12;
  if (tls12.empty() || (protocols & kOlder) == 0) return tls13;
  return tls13 + "," + tls12;
}

}  // namespace

TlsSwitch tlsSwitch(const Options& options) {
  Result<bool> flag = parseFlag({}, options.sslEnabled);
  if (!flag.ok()) return TlsSwitch::kAuto;
  return flag.value() ? TlsSwitch::kOn : TlsSwitch::kOff;
}

Result<std::shared_ptr<tls::Context>> makeTlsContext(const Options& options,
                                                     std::vector<tls::Certificate> certificates,
                                                     std::shared_ptr<tls::TicketKeys> ticketKeys) {
  tls::ContextOptions made;
  made.certificates = std::move(certificates);
  made.protocols = static_cast<std::uint32_t>(options.sslEnabledProtocols);
  made.cipherSuites = options.sslEnabledCipherSuites;
  made.openSslCipherList = options.openSSLCipherList;
  made.cipherStrength = options.sslCipherStrength;
  made.groups = listOf(made.protocols, options.tls13SupportedGroups, options.tls12SupportedGroups);
  made.signatureAlgorithms =
      listOf(made.protocols, options.tls13SignatureAlgorithms, options.tls12SignatureAlgorithms);
  made.authenticateClients = options.sslAuthenticateClients;
  made.caCertificates = options.sslCACerts;
  made.caFile = options.openSSLCAFile;
  made.caFolder = options.openSSLCADir;
  made.caBundles = pathsOf(options.sslCACertFilePaths);
  made.securityFlags = parseBits(options.sslSecurityFlags).value_or(0);
  made.sessionTickets = options.reuseSSLSession;
  made.sessionLifetime = options.sslSessionLifetime;
  made.ownRecords = options.sslOwnRecords;
  made.ticketKeys = std::move(ticketKeys);
  if (!options.sslKeyLogFile.empty()) {
    Result<File> opened = File::openToAppend(options.sslKeyLogFile);
    if (!opened.ok()) {
      return makeError(ErrorCode::kInvalidArgument,
                       "SSLKeyLogFile: " + options.sslKeyLogFile +
                           " cannot be written to: " + opened.error().message);
    }
    const auto file = std::make_shared<const File>(std::move(opened.value()));
    // It is for debugging only: a full disk must not end connections.
    made.keyLog = [file](std::string_view line) {
      file->append(bytesOf(std::string(line).append("\n")));
    };
  }
  return tls::Context::create(std::move(made));
}

}  // namespace wss::server
