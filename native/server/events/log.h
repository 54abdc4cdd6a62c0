// SPDX-License-Identifier: MIT
// The Log of a server.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "http/upgrade.h"
#include "net/address.h"
#include "server/events/event_batch.h"
#include "server/settings/options.h"

namespace wss::server {

/// As documented of LogLevel; each has what those before it have.
enum class LogLevel : std::int8_t {
  kNone,
  kInfo,     ///< connections, requests, errors
  kVerbose,  ///< header lines
  kDebug,    ///< steps of TLS, what ends before it is open
};

/// The documented LogType of the lines of each level; that of errors is `Error` instead.
inline constexpr std::array<std::string_view, 4> kLogTypes = {"", "Info", "Verbose", "Debug"};
static_assert(kLogTypes.size() == static_cast<std::size_t>(LogLevel::kDebug) + 1);

/// Texts become events, one for each line. A ConnectionId of 0 is the server itself.
class Log {
 public:
  /// Both must outlive it.
  Log(EventBatch& events, const Options& options) : events_(events), options_(options) {}

  /// Whether anybody sees what is logged at `level`: whoever composes a text asks first.
  [[nodiscard]] bool shows(LogLevel level) const {
    return static_cast<int>(level) <= options_.logLevel && events_.wants(EventKind::kLog);
  }
  /// One line: what would be more, or hide some, is shown as an escape.
  void add(LogLevel level, std::int32_t id, std::string_view text) { addLine(level, id, 0, text); }
  /// A line at kInfo, as an error.
  void addError(std::int32_t id, std::string_view text) {
    addLine(LogLevel::kInfo, id, kIsError, text);
  }
  /// A request with its header lines; secrets are masked if MaskSensitive says so.
  void addRequest(std::int32_t id, const http::UpgradeRequest& request, const net::Address& client);
  /// An error that the application is told of as well.
  void report(std::int32_t id, const Error& error);

 private:
  void addLine(LogLevel level, std::int32_t id, std::int32_t flags, std::string_view text);

  EventBatch& events_;
  const Options& options_;
};

}  // namespace wss::server
