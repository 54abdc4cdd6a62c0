// SPDX-License-Identifier: MIT
// Why a TLS connection failed, in sentences that do not change from one OpenSSL to the next.
#pragma once

#include <string>

namespace wss::tls {

/// The sentence for an error of OpenSSL's queue. `verifyResult` is SSL_get_verify_result(3).
std::string failureText(unsigned long error, long verifyResult);

/// The sentence for a fatal alert of the peer.
std::string alertText(int alert);

inline constexpr const char* kTruncated =
    "The connection was cut off: the peer did not say close_notify.";
inline constexpr const char* kBadRecord = "A record does not open: it was changed on its way.";
inline constexpr const char* kRecordTooLong = "A record is longer than TLS allows.";
inline constexpr const char* kUnexpected = "The peer sent a message that has no place there.";
inline constexpr const char* kBadMessage = "The peer sent a message that cannot be read.";
inline constexpr const char* kRenegotiation =
    "The client wanted to renegotiate, which is not allowed.";
inline constexpr const char* kTooManyEmpty = "The peer sent too many records without data.";

}  // namespace wss::tls
