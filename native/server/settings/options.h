// SPDX-License-Identifier: MIT
// The values of settings and server properties. To add one, add a field here, whose initialiser is
// the default, and a row for it in settings_server.h, settings_base.h or settings_tls.h; for what
// TLS takes, a line of makeTlsContext() (security.cc) as well. `npm run docs` writes the reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace wss::server {

// Alphabetical order matters more than 40 bytes for each server.
struct Options {  // NOLINT(clang-analyzer-optin.performance.Padding)
  // Properties.
  std::string localHost;
  int localPort = 0;
  int connectionBacklog;
  int defaultTimeout = 0;
  bool sslAuthenticateClients = false;
  // Configuration settings, in alphabetical order.
  std::string allowedClients = "*";
  std::string allowedOrigins = "*";
  bool autoPong = true;
  bool bindExclusively = true;
  std::string blockedClients;
  std::string buildInfo;  ///< JavaScript knows it
  bool bufferMessage = true;
  bool clientContextTakeover = false;
  int clientMaxWindowBits = 15;
  int closeTimeout = 10;
  int codePage = 65001;
  int compressionLevel = 1;
  int compressionLimit = 1024 * 1024;
  int compressionMemoryLevel = 8;
  int compressionThreshold = 1024;
  int defaultConnectionTimeout = 10;
  int disconnectStatusCode = 1000;
  std::string disconnectStatusDescription;
  bool enablePermessageDeflate = true;
  int idleTimeout = 0;
  int inBufferSize = 0;
  int keepAliveInterval = 0;
  int keepAliveRetryCount = 0;
  int keepAliveTime = 0;
  std::string licenseInfo;  ///< JavaScript knows it
  std::string localSocketMode;
  int logLevel = 1;
  bool logSSLPackets = false;
  bool maskSensitive = true;
  int maxConnections = 1000;
  int maxConnectionsPerAddress = 0;
  int maxFragments = 131072;
  int maxFrameSize = 0;
  int maxMessageSize = 16 * 1024 * 1024;
  int maxPendingConnections = 4000;
  int maxQueuedBytes = 1024 * 1024;
  int maxQueuedBytesTotal = 256 * 1024 * 1024;
  int maxReadTime = 50;
  int maxRequestHeaders = 100;
  int maxRequestHeaderSize = 16 * 1024;
  int maxSubscriptions = 1000;
  int maxUnfinishedBytes = 512 * 1024 * 1024;
  int messageTimeout = 60;
  std::string openSSLCADir;
  std::string openSSLCAFile;
  std::string openSSLCipherList;
  std::string openSSLPrngSeedData;
  int outBufferSize = 0;
  int pingInterval = 0;
  bool processIdleEvents = true;
  bool queueSends = false;
  bool reuseSSLSession = true;
  int selectWaitMillis = 20;
  int sendTimeout = 60;
  bool serverContextTakeover = false;
  int serverMaxWindowBits = 15;
  bool skipUtf8Validation = false;
  std::string slowSubscribers = "Skip";
  std::string sslCACertFilePaths =
      "/etc/ssl/ca-bundle.pem;/etc/pki/tls/certs/ca-bundle.crt;/etc/ssl/certs/ca-certificates.crt;"
      "/etc/pki/tls/cacert.pem";
  std::string sslCACerts;
  int sslCipherStrength = 0;
  std::string sslEnabled = "Auto";
  std::string sslEnabledCipherSuites = "*";
  int sslEnabledProtocols = 15360;
  bool sslEnableRenegotiation = true;
  bool sslIncludeCertChain = false;
  std::string sslKeyLogFile;
  bool sslOwnRecords = true;
  std::string sslSecurityFlags = "0x80000000";
  std::string sslServerCACerts;
  int sslSessionLifetime = 7200;
  bool tcpNoDelay = true;
  std::string tls12SignatureAlgorithms;
  std::string tls12SupportedGroups;
  std::string tls13KeyShareGroups;
  std::string tls13SignatureAlgorithms;
  std::string tls13SupportedGroups =
      "X25519MLKEM768,ecdhe_x25519,ecdhe_secp256r1,ecdhe_x448,ecdhe_secp384r1,ecdhe_secp521r1";
  bool useFipsCompliantApi = false;
  bool useInternalSecurityApi = true;
  bool useIocp = false;
  int useIPv6 = 0;
  bool useWindowsMessages = false;
  bool waitForCloseResponse = true;

  Options();

  /// Bytes of payload that a frame of a message may have.
  [[nodiscard]] std::size_t maxFramePayload() const {
    return maxFrameSize == 0 ? SIZE_MAX : static_cast<std::size_t>(maxFrameSize);
  }
};

}  // namespace wss::server
