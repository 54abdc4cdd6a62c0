// SPDX-License-Identifier: MIT
#include "tls/openssl/names.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace wss::tls {
namespace {

struct NameRow {
  std::string_view documented;
  std::string_view openSsl;
};

constexpr NameRow kGroups[] = {
    {"ecdhe_x25519", "X25519"},        {"ecdhe_x448", "X448"},
    {"ecdhe_secp256r1", "P-256"},      {"ecdhe_secp384r1", "P-384"},
    {"ecdhe_secp521r1", "P-521"},      {"ffdhe_2048", "ffdhe2048"},
    {"ffdhe_3072", "ffdhe3072"},       {"ffdhe_4096", "ffdhe4096"},
    {"ffdhe_6144", "ffdhe6144"},       {"ffdhe_8192", "ffdhe8192"},
    {"ecdhe_secp256r1", "prime256v1"}, {"ecdhe_secp256r1", "secp256r1"},
    {"ecdhe_secp384r1", "secp384r1"},  {"ecdhe_secp521r1", "secp521r1"},
    {"ecdhe_x25519", "x25519"},        {"ecdhe_x448", "x448"},
};

// Under the names of TLS 1.3 where there are such: OpenSSL would not see that two are the same.
constexpr NameRow kSignatures[] = {
    {"sha512-ecdsa", "ecdsa_secp521r1_sha512"},
    {"sha512-rsa", "rsa_pkcs1_sha512"},
    {"sha512-dsa", "DSA+SHA512"},
    {"sha384-ecdsa", "ecdsa_secp384r1_sha384"},
    {"sha384-rsa", "rsa_pkcs1_sha384"},
    {"sha384-dsa", "DSA+SHA384"},
    {"sha256-ecdsa", "ecdsa_secp256r1_sha256"},
    {"sha256-rsa", "rsa_pkcs1_sha256"},
    {"sha256-dsa", "DSA+SHA256"},
    {"sha224-ecdsa", "ECDSA+SHA224"},
    {"sha224-rsa", "RSA+SHA224"},
    {"sha224-dsa", "DSA+SHA224"},
    {"sha1-ecdsa", "ECDSA+SHA1"},
    {"sha1-rsa", "RSA+SHA1"},
    {"sha1-dsa", "DSA+SHA1"},
    // The same key signs under either number, depending on how its certificate names it.
    {"rsa_pss_sha256", "rsa_pss_rsae_sha256:rsa_pss_pss_sha256"},
    {"rsa_pss_sha384", "rsa_pss_rsae_sha384:rsa_pss_pss_sha384"},
    {"rsa_pss_sha512", "rsa_pss_rsae_sha512:rsa_pss_pss_sha512"},
};

struct NumberRow {
  int number;
  std::string_view name;
};

constexpr NumberRow kSchemes[] = {
    {0x0201, "sha1-rsa"},
    {0x0202, "sha1-dsa"},
    {0x0203, "sha1-ecdsa"},
    {0x0301, "sha224-rsa"},
    {0x0302, "sha224-dsa"},
    {0x0303, "sha224-ecdsa"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0402, "sha256-dsa"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0502, "sha384-dsa"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0602, "sha512-dsa"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080A, "rsa_pss_pss_sha384"},
    {0x080B, "rsa_pss_pss_sha512"},
};

constexpr NumberRow kGroupNumbers[] = {
    {0x0017, "ecdhe_secp256r1"},    {0x0018, "ecdhe_secp384r1"},   {0x0019, "ecdhe_secp521r1"},
    {0x001D, "ecdhe_x25519"},       {0x001E, "ecdhe_x448"},        {0x0100, "ffdhe_2048"},
    {0x0101, "ffdhe_3072"},         {0x0102, "ffdhe_4096"},        {0x0103, "ffdhe_6144"},
    {0x0104, "ffdhe_8192"},         {0x11EB, "SecP256r1MLKEM768"}, {0x11EC, "X25519MLKEM768"},
    {0x11ED, "SecP384r1MLKEM1024"},
};

/// The suites of the documentation for TLS 1.2 and older, by their two halves.
struct SuiteRow {
  std::string_view keyExchange;
  std::string_view ciphers;
};

constexpr std::string_view kUsual =
    "AES_256_GCM_SHA384 AES_128_GCM_SHA256 AES_128_CBC_SHA256 AES_256_CBC_SHA AES_128_CBC_SHA "
    "3DES_EDE_CBC_SHA";

constexpr SuiteRow kSuites[] = {
    {"ECDHE_ECDSA", kUsual},
    {"ECDHE_ECDSA", "AES_256_CBC_SHA384"},
    {"ECDHE_RSA", kUsual},
    {"ECDHE_RSA", "AES_256_CBC_SHA384"},
    {"ECDH_ECDSA", kUsual},
    {"ECDH_ECDSA", "AES_256_CBC_SHA384"},
    {"ECDH_RSA", kUsual},
    {"ECDH_RSA", "AES_256_CBC_SHA384"},
    {"DHE_DSS", kUsual},
    {"DHE_DSS", "AES_256_CBC_SHA256 DES_CBC_SHA"},
    {"DHE_RSA", kUsual},
    {"DHE_RSA", "AES_256_CBC_SHA256 DES_CBC_SHA"},
    {"DH_RSA", "AES_128_GCM_SHA256 AES_256_GCM_SHA384"},
    {"DH_DSS", "AES_128_GCM_SHA256 AES_256_GCM_SHA384"},
    {"RSA", kUsual},
    {"RSA", "AES_256_CBC_SHA256 DES_CBC_SHA RC4_128_MD5 RC4_128_SHA"},
    // As the documentation's example writes it.
    {"DH_ANON", "AES_128_CBC_SHA"},
};

constexpr NumberRow kVersions[] = {
    {0x0301, "TLSv1"},
    {0x0302, "TLSv1.1"},
    {0x0303, "TLSv1.2"},
    {0x0304, "TLSv1.3"},
};

constexpr NumberRow kAlerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

constexpr NumberRow kHandshake[] = {
    {0, "HelloRequest"},        {1, "ClientHello"},
    {2, "ServerHello"},         {4, "NewSessionTicket"},
    {5, "EndOfEarlyData"},      {8, "EncryptedExtensions"},
    {11, "Certificate"},        {12, "ServerKeyExchange"},
    {13, "CertificateRequest"}, {14, "ServerHelloDone"},
    {15, "CertificateVerify"},  {16, "ClientKeyExchange"},
    {20, "Finished"},           {22, "CertificateStatus"},
    {24, "KeyUpdate"},          {25, "CompressedCertificate"},
};

std::string_view nameOf(std::span<const NumberRow> rows, int number, std::string_view otherwise) {
  const auto row = std::ranges::find(rows, number, &NumberRow::number);
  return row == rows.end() ? otherwise : row->name;
}

/// OpenSSL's list for `list`. It refuses a list with doubles.
std::string translate(std::string_view list, std::span<const NameRow> rows) {
  std::vector<std::string_view> names;
  for (const std::string_view item : itemsOf(list)) {
    const auto row = std::ranges::find(rows, item, &NameRow::documented);
    for (const std::string_view name : itemsOf(row == rows.end() ? item : row->openSsl)) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ":").append(name);
  return text;
}

}  // namespace

std::vector<std::string_view> itemsOf(std::string_view list) { return wordsOf(list, ",;: \t\r\n"); }

std::string openSslGroups(std::string_view list) { return translate(list, kGroups); }

std::string openSslSignatureAlgorithms(std::string_view list) {
  return translate(list, kSignatures);
}

std::string_view groupName(std::string_view group) {
  const auto* const row = std::ranges::find(kGroups, group, &NameRow::openSsl);
  return row == std::end(kGroups) ? group : row->documented;
}

std::uint16_t groupNumber(std::string_view group) {
  const auto* const row = std::ranges::find(kGroupNumbers, groupName(group), &NumberRow::name);
  return row == std::end(kGroupNumbers) ? 0 : static_cast<std::uint16_t>(row->number);
}

bool isDocumentedSuite(std::string_view suite) {
  constexpr std::string_view kPrefix = "TLS_";
  constexpr std::string_view kWith = "_WITH_";
  const std::size_t with = suite.find(kWith);
  if (!suite.starts_with(kPrefix) || with == std::string_view::npos) return false;
  const std::string_view keyExchange = suite.substr(kPrefix.size(), with - kPrefix.size());
  const std::string_view cipher = suite.substr(with + kWith.size());
  return std::ranges::any_of(kSuites, [&](const SuiteRow& row) {
    const std::vector<std::string_view> ciphers = itemsOf(row.ciphers);
    return row.keyExchange == keyExchange && std::ranges::find(ciphers, cipher) != ciphers.end();
  });
}

std::string_view signatureName(std::uint16_t scheme) { return nameOf(kSchemes, scheme, {}); }

std::string_view versionName(int version) { return nameOf(kVersions, version, {}); }

std::string_view alertName(int alert) { return nameOf(kAlerts, alert, "unknown"); }

std::string_view handshakeName(int type) { return nameOf(kHandshake, type, "unknown"); }

}  // namespace wss::tls
