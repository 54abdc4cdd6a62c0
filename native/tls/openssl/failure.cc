// SPDX-License-Identifier: MIT
#include "tls/openssl/failure.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "tls/openssl/names.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

struct ReasonRow {
  int reason;
  std::string_view text;
};

constexpr std::string_view kNoVersion = "The client speaks no version of TLS that is enabled.";
constexpr std::string_view kNoSuite = "The client has no cipher suite in common with the server.";
constexpr std::string_view kNoGroup = "The client has no group in common with the server.";
constexpr std::string_view kNoSignature =
    "The client has no signature algorithm in common with the server.";
constexpr std::string_view kNotTls = "What the client sent is not TLS.";
constexpr std::string_view kPlainHttp = "The client speaks HTTP where TLS is expected.";

constexpr ReasonRow kReasons[] = {
    {SSL_R_HTTP_REQUEST, kPlainHttp},
    {SSL_R_HTTPS_PROXY_REQUEST, kPlainHttp},
    {SSL_R_WRONG_VERSION_NUMBER, kNotTls},
    {SSL_R_WRONG_SSL_VERSION, kNotTls},
    {SSL_R_UNSUPPORTED_PROTOCOL, kNoVersion},
    {SSL_R_UNKNOWN_PROTOCOL, kNoVersion},
    {SSL_R_VERSION_TOO_LOW, kNoVersion},
    {SSL_R_VERSION_TOO_HIGH, kNoVersion},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, kNoVersion},
    {SSL_R_NO_SHARED_CIPHER, kNoSuite},
    {SSL_R_NO_CIPHERS_SPECIFIED, kNoSuite},
    {SSL_R_NO_SHARED_GROUPS, kNoGroup},
    {SSL_R_NO_SUITABLE_KEY_SHARE, kNoGroup},
    {SSL_R_NO_SUITABLE_GROUPS, kNoGroup},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, kNoSignature},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, kNoSignature},
    {SSL_R_WRONG_SIGNATURE_TYPE, kNoSignature},
    {SSL_R_NO_APPLICATION_PROTOCOL, "The client speaks no HTTP/1.1, by the protocols it offers."},
    {SSL_R_INAPPROPRIATE_FALLBACK, "The client fell back to an older version without need."},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "The client sent no certificate."},
    {SSL_R_BAD_SIGNATURE, "The client does not have the key of its certificate."},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, kBadRecord},
    {SSL_R_DIGEST_CHECK_FAILED, kBadRecord},
    {SSL_R_BAD_RECORD_TYPE, kUnexpected},
    {SSL_R_UNEXPECTED_MESSAGE, kUnexpected},
    {SSL_R_UNEXPECTED_RECORD, kUnexpected},
    {SSL_R_UNEXPECTED_CCS_MESSAGE, kUnexpected},
    {SSL_R_CCS_RECEIVED_EARLY, kUnexpected},
    {SSL_R_NOT_ON_RECORD_BOUNDARY, kUnexpected},
    {SSL_R_APP_DATA_IN_HANDSHAKE, kUnexpected},
    {SSL_R_MIXED_HANDSHAKE_AND_NON_HANDSHAKE_DATA, kUnexpected},
    {SSL_R_INVALID_CCS_MESSAGE, kUnexpected},
    {SSL_R_BAD_CHANGE_CIPHER_SPEC, kUnexpected},
    {SSL_R_BAD_KEY_UPDATE, kBadMessage},
    {SSL_R_INVALID_ALERT, kBadMessage},
    {SSL_R_UNKNOWN_ALERT_TYPE, kBadMessage},
    {SSL_R_BAD_DIGEST_LENGTH, kBadMessage},
    {SSL_R_BAD_LEGACY_VERSION, kBadMessage},
    {SSL_R_NO_COMPRESSION_SPECIFIED, kBadMessage},
    {SSL_R_INVALID_COMPRESSION_ALGORITHM, kBadMessage},
    {SSL_R_ERROR_IN_RECEIVED_CIPHER_LIST, kBadMessage},
    {SSL_R_MISSING_SUPPORTED_GROUPS_EXTENSION, kBadMessage},
    {SSL_R_MISSING_SIGALGS_EXTENSION, kBadMessage},
    {SSL_R_MISSING_PSK_KEX_MODES_EXTENSION, kBadMessage},
    {SSL_R_BINDER_DOES_NOT_VERIFY, kBadMessage},
    {SSL_R_BAD_LENGTH, kBadMessage},
    {SSL_R_LENGTH_MISMATCH, kBadMessage},
    {SSL_R_LENGTH_TOO_SHORT, kBadMessage},
    {SSL_R_LENGTH_TOO_LONG, kBadMessage},
    {SSL_R_BAD_EXTENSION, kBadMessage},
    {SSL_R_BAD_KEY_SHARE, kBadMessage},
    {SSL_R_BAD_ECPOINT, kBadMessage},
    {SSL_R_PACKET_LENGTH_TOO_LONG, kRecordTooLong},
    {SSL_R_DATA_LENGTH_TOO_LONG, kRecordTooLong},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, kRecordTooLong},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, "The peer sent a message that is longer than is allowed."},
    {SSL_R_RECORD_TOO_SMALL, kTooManyEmpty},
    {SSL_R_TOO_MANY_KEY_UPDATES, "The peer changed its keys too often."},
    {SSL_R_TOO_MANY_WARN_ALERTS, "The peer sent too many alerts."},
    {SSL_R_NO_RENEGOTIATION, kRenegotiation},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, kRenegotiation},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, kTruncated},
};

}  // namespace

std::string failureText(unsigned long error, long verifyResult) {
  const int reason = ERR_GET_REASON(error);
  const bool isTls = ERR_GET_LIB(error) == ERR_LIB_SSL;
  if (isTls && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return std::string("The certificate of the client is not accepted: ") +
           X509_verify_cert_error_string(verifyResult) + ".";
  }
  // OpenSSL numbers the alerts it receives from here on.
  constexpr int kAlertEnd = SSL_AD_REASON_OFFSET + 256;
  if (isTls && reason >= SSL_AD_REASON_OFFSET && reason < kAlertEnd) {
    return alertText(reason - SSL_AD_REASON_OFFSET);
  }
  const auto* const row = std::ranges::find(kReasons, reason, &ReasonRow::reason);
  if (isTls && row != std::end(kReasons)) return std::string(row->text);
  const char* const text = ERR_reason_error_string(error);
  return std::string("TLS failed: ") + (text == nullptr ? "no reason given" : text) + ".";
}

std::string alertText(int alert) {
  return std::string("The peer ended the connection with the alert ")
      .append(alertName(alert))
      .append(" (")
      .append(std::to_string(alert))
      .append(").");
}

}  // namespace wss::tls
