// SPDX-License-Identifier: MIT
// The names under which settings, events and the Log speak of TLS, and the numbers or OpenSSL names
// behind them. Tables; no OpenSSL is needed to read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wss::tls {

/// The items of a list, separated by commas, semicolons, colons or white space.
std::vector<std::string_view> itemsOf(std::string_view list);

/// A list of groups (documented names like "ecdhe_x25519", or OpenSSL's own) as OpenSSL wants it;
/// doubles are dropped.
std::string openSslGroups(std::string_view list);

/// A list of signature algorithms (documented names like "sha256-rsa" and "rsa_pss_sha256", or
/// OpenSSL's own) as OpenSSL wants it; doubles are dropped.
std::string openSslSignatureAlgorithms(std::string_view list);

/// The documented name of an OpenSSL group; `group` itself when it has none.
std::string_view groupName(std::string_view group);

/// The number of an OpenSSL group in a handshake (RFC 8446 §4.2.7); 0 for one that is not known.
std::uint16_t groupNumber(std::string_view group);

/// Whether the documentation has a cipher suite of this name, whatever OpenSSL has.
bool isDocumentedSuite(std::string_view suite);

/// The documented name of a signature scheme (RFC 8446 §4.2.3) or, in TLS 1.2, of a pair of hash
/// and signature (RFC 5246 §7.4.1.4.1); empty for one that is not known.
std::string_view signatureName(std::uint16_t scheme);

/// "TLSv1.3" for 0x0304; empty for what is no version.
std::string_view versionName(int version);

/// The name of an alert (RFC 8446 §6, RFC 5246 §7.2), "unknown" for any other number.
std::string_view alertName(int alert);

/// The name of a handshake message (RFC 8446 §4, RFC 5246 §7.4), "unknown" for any other number.
std::string_view handshakeName(int type);

}  // namespace wss::tls
