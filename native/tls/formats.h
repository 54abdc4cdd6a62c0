// SPDX-License-Identifier: MIT
// Certificates and private keys out of the bytes of files: PEM, DER, PKCS#7, PKCS#12. Each reader
// adds what it finds. Passwords and keys appear in no message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "tls/certificate.h"

namespace wss::tls {

/// What a store holds, in its order; which key is whose is still to be found out.
struct Contents {
  std::vector<Certificate::X509> certificates;
  std::vector<Certificate::Key> keys;

  [[nodiscard]] bool empty() const { return certificates.empty() && keys.empty(); }
};

enum class Opened {
  kDone,           ///< at least one certificate or key has been found
  kWrongPassword,  ///< it is of this format, and the password does not open it
  kDamaged,        ///< it is of this format, but cannot be read to its end
  kNotThis,        ///< it is of another format, or of none
};

/// PEM blocks between any text: certificates, PKCS#7, keys of every kind, encrypted or not. A block
/// may be on a line of its own, as settings have it.
Opened readPem(Bytes bytes, std::string_view password, Contents& contents);
/// A certificate or a private key, bare.
Opened readDer(Bytes bytes, std::string_view password, Contents& contents);
/// A P7B: certificates only.
Opened readPkcs7(Bytes bytes, Contents& contents);
/// A PFX, those with outdated ciphers too if this OpenSSL has its legacy provider.
Opened readPfx(Bytes bytes, std::string_view password, Contents& contents);

/// The bytes of Base64, with or without white space; empty when it is none.
std::vector<std::uint8_t> base64Decode(std::string_view text);

}  // namespace wss::tls
