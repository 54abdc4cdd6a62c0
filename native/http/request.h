// SPDX-License-Identifier: MIT
// What every request of HTTP/1 has (RFC 9112 §3, §6), whatever it is for: its request line, and
// what its head says of a body. Views of the bytes they came in.
#pragma once

#include <optional>
#include <string_view>

#include "http/header.h"

namespace wss::http {

/// A status, and a static sentence for the answer's body and the Log.
struct Refusal {
  int httpStatus;
  std::string_view reason;
};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;

  /// A part that is not there is empty.
  static RequestLine of(std::string_view line);
  /// HTTP/1.0, for which fewer rules hold (RFC 9112 §3.2, §6.1).
  [[nodiscard]] bool isOld() const { return version == "HTTP/1.0"; }
};

/// HTTP-version of RFC 9112 §2.3.
bool isHttpVersion(std::string_view text);

/// The authority of an absolute http or https URI; empty if `target` is none.
std::string_view authorityOf(std::string_view target);

/// Whether it may stand for the host of a request: uri-host [ ":" port ] of RFC 9110 §7.2.
bool isHost(std::string_view text);

/// A path with its query, or an absolute URI (RFC 9112 §3.2.1, §3.2.2; RFC 6455 §4.2.1 item 1).
bool isTarget(std::string_view target);

/// What is wrong, if anything, with the line of a request that may be for another server: 400 or
/// 505.
std::optional<Refusal> refuseOtherLine(const RequestLine& line);

/// What a head says of where its body ends, of which two servers must not think two things: the
/// rest of one's body would be a request to the other (RFC 9112 §11.2).
class Framing {
 public:
  /// Whether `field` is of that; it counts then.
  bool add(const Field& field);
  /// Whether there may be a body: something says so, whatever else does.
  [[nodiscard]] bool hasBody() const { return hasBody_; }
  /// What is wrong with all of it, if anything (RFC 9112 §6.1, §6.3), or with its version, which
  /// says how it is meant.
  [[nodiscard]] std::optional<Refusal> refuse(const RequestLine& line) const;

 private:
  std::optional<std::string_view> length_;
  std::string_view coding_;
  int lengths_ = 0;
  int codings_ = 0;
  bool hasBody_ = false;
};

}  // namespace wss::http
