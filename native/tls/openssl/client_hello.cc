// SPDX-License-Identifier: MIT
#include "tls/openssl/client_hello.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <string_view>

#include "base/bytes.h"
#include "tls/openssl/names.h"

namespace wss::tls {
namespace {

constexpr std::size_t kPairSize = 2;

std::size_t number16(Bytes at) { return static_cast<std::size_t>(at[0] << 8 | at[1]); }

Bytes extension(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return {};
  return {data, size};
}

/// Takes the vector that starts with its length in two bytes and fills `bytes`; empty when it does
/// not.
Bytes vectorIn(Bytes bytes) {
  if (bytes.size() < kPairSize || number16(bytes) != bytes.size() - kPairSize) return {};
  return bytes.subspan(kPairSize);
}

/// RFC 6066 §3. Only the first name: there may be no more than one of a kind, and there is one
/// kind. Empty when it has a NUL in it, for which OpenSSL ends the handshake later.
std::string serverNameIn(Bytes extension) {
  constexpr std::uint8_t kHostName = 0;
  const Bytes list = vectorIn(extension);
  if (list.size() <= 1 + kPairSize || list[0] != kHostName) return {};
  const std::string_view name = textOf(vectorIn(list.subspan(1)));
  return name.find('\0') == std::string_view::npos ? std::string(name) : std::string();
}

std::vector<std::uint16_t> numbersIn(Bytes pairs) {
  std::vector<std::uint16_t> numbers;
  for (; pairs.size() >= kPairSize; pairs = pairs.subspan(kPairSize)) {
    numbers.push_back(static_cast<std::uint16_t>(number16(pairs)));
  }
  return numbers;
}

void addName(std::string& list, std::string_view name) {
  if (!name.empty()) list.append(list.empty() ? "" : ",").append(name);
}

}  // namespace

ClientHello readClientHello(ssl_st* ssl) {
  ClientHello hello;
  hello.serverName = serverNameIn(extension(ssl, TLSEXT_TYPE_server_name));

  const Bytes algorithms = vectorIn(extension(ssl, TLSEXT_TYPE_signature_algorithms));
  for (const std::uint16_t scheme : numbersIn(algorithms)) {
    addName(hello.signatureAlgorithms, signatureName(scheme));
  }

  const unsigned char* suites = nullptr;
  const std::size_t size = SSL_client_hello_get0_ciphers(ssl, &suites);
  for (std::size_t at = 0; at + kPairSize <= size; at += kPairSize) {
    // Suites that OpenSSL does not know are left out: it could not use them.
    const SSL_CIPHER* const suite = SSL_CIPHER_find(ssl, suites + at);
    if (suite != nullptr) addName(hello.cipherSuites, SSL_CIPHER_standard_name(suite));
  }
  return hello;
}

OfferedGroups readOfferedGroups(ssl_st* ssl) {
  OfferedGroups offered;
  // The length of this list has one byte (RFC 8446 §4.2.1).
  const Bytes versions = extension(ssl, TLSEXT_TYPE_supported_versions);
  const auto numbers = numbersIn(versions.subspan(std::min<std::size_t>(1, versions.size())));
  offered.isTls13 = std::ranges::find(numbers, TLS1_3_VERSION) != numbers.end();
  offered.supported = numbersIn(vectorIn(extension(ssl, TLSEXT_TYPE_supported_groups)));
  // RFC 8446 §4.2.8: a group, and a key after its length.
  for (Bytes shares = vectorIn(extension(ssl, TLSEXT_TYPE_key_share));
       shares.size() >= 2 * kPairSize;) {
    offered.shares.push_back(static_cast<std::uint16_t>(number16(shares)));
    const std::size_t size = 2 * kPairSize + number16(shares.subspan(kPairSize));
    shares = shares.subspan(std::min(size, shares.size()));
  }
  return offered;
}

}  // namespace wss::tls
