// SPDX-License-Identifier: MIT
// THE settings table. A setting or server property is a field of Options, whose initialiser is the
// default, and a row of settingTable(). Reading, writing, describing, the reference page and the
// tests walk the table; nothing else knows the names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"

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
  int maxUnfinishedBytes = 512 * 1024 * 1024;
  int messageTimeout = 60;
  std::string openSSLCADir;
  std::string openSSLCAFile;
  std::string openSSLCipherList;
  std::string openSSLPrngSeedData;
  int outBufferSize = 0;
  int pingInterval = 0;
  bool processIdleEvents = true;
  bool reuseSSLSession = true;
  int selectWaitMillis = 20;
  int sendTimeout = 60;
  bool serverContextTakeover = false;
  int serverMaxWindowBits = 15;
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

/// A row: what there is to say about one setting.
struct Setting {
  using Field = std::variant<bool Options::*, int Options::*, std::string Options::*>;

  std::string_view name;
  Field field;
  std::int64_t min = 0;   ///< least value of a number, or size of a text
  std::int64_t max = 0;   ///< greatest value of a number, or size of a text
  bool property = false;  ///< a property of WSServer rather than a configuration setting
  bool readOnly = false;
  /// The error of changing it while listening; 0 when it may change at any time.
  int lockedError = 0;
  /// What a value must be that is of the right type and within its range; null: nothing else.
  bool (*isValid)(std::string_view value) = nullptr;
  std::string_view form = {};               ///< what isValid() wants, in words
  bool tls = false;                         ///< takes effect through a new tls::Context
  std::string_view doc = {};                ///< one sentence, with the unit
  std::string_view documentedDefault = {};  ///< only where ours differs on purpose
  std::string_view inert = {};  ///< why it has no effect here, after a colon; empty: it has one
};

/// Every row, properties first, then settings, each in alphabetical order.
std::span<const Setting> settingTable();

/// The row called `name` in any case, or null.
const Setting* findSetting(std::string_view name);

/// The value as Config("Name") returns it; booleans are True and False.
std::string readSetting(const Options& options, const Setting& setting);

/// Parses and sets a value. Fails with 10022, saying what is allowed, and with the row's own code
/// while listening; the value is then unchanged. UseIOCP and UseWindowsMessages are never both
/// True.
Result<void> writeSetting(Options& options, const Setting& setting, std::string_view value,
                          bool listening);

}  // namespace wss::server
