// SPDX-License-Identifier: MIT
// What a load client counts, said once: the addon reports what these tables name.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace wss::client {

struct Counters {
  std::uint64_t attempts = 0;       ///< connections begun
  std::uint64_t handshakes = 0;     ///< of TLS, that were done
  std::uint64_t resumed = 0;        ///< of them, those that resumed a session
  std::uint64_t connects = 0;       ///< WebSockets opened
  std::uint64_t open = 0;           ///< of them, those that are open now
  std::uint64_t closed = 0;         ///< of them, those that we have closed with a handshake
  std::uint64_t sent = 0;           ///< messages
  std::uint64_t received = 0;       ///< messages
  std::uint64_t compressed = 0;     ///< of the messages received, those that came compressed
  std::uint64_t publications = 0;   ///< messages of the server's own, beside those received
  std::uint64_t bytesSent = 0;      ///< payload
  std::uint64_t bytesReceived = 0;  ///< payload
};

struct CounterRow {
  std::string_view name;
  std::uint64_t Counters::* field;
};

std::span<const CounterRow> counterTable();

enum class Failure : std::uint8_t {
  kRefused,      ///< TCP
  kReset,        ///< TCP
  kTimedOut,     ///< TCP, or no answer to the request, or none to our Close
  kSystem,       ///< another error of the system; the detail is its documented code
  kBadStatus,    ///< the detail is the HTTP status
  kBadAnswer,    ///< a 101 that breaks a rule of the handshake
  kProtocol,     ///< a broken frame; the detail is the close code that we answered with
  kClosedEarly,  ///< the server ended the connection; the detail is its close code, or 1006
  kMismatch,     ///< a message that is not the echo of ours
  // Of TLS, in the order of tls::ClientFailure::Kind; the details are those there.
  kTlsCertificate,
  kTlsAlert,
  kNotTls,
  kTlsOther,
};

/// The names of the kinds, in their order.
std::span<const std::string_view> failureNames();

/// What the detail of a failure of TLS means, in words; empty for the other kinds.
std::string detailText(Failure kind, int detail);

/// How often each kind with each detail has happened.
class FailureCounts {
 public:
  struct Key {
    Failure kind;
    int detail;
    auto operator<=>(const Key&) const = default;
  };
  void add(Failure kind, int detail = 0) { ++counts_[{kind, detail}]; }
  [[nodiscard]] const std::map<Key, std::uint64_t>& counts() const { return counts_; }

 private:
  std::map<Key, std::uint64_t> counts_;
};

}  // namespace wss::client
