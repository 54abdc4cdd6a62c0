// SPDX-License-Identifier: MIT
// Certificates and private keys out of the bytes of files: PEM, DER, PKCS#7, PKCS#12. Each reader
// adds what it finds. Passwords and keys appear in no message.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "tls/formats/contents.h"

namespace wss::tls {

/// PEM blocks between any text: certificates, PKCS#7, keys of every kind, encrypted or not. A block
/// may be on a line of its own, as settings have it.
Opened readPem(Bytes bytes, std::string_view password, Contents& contents);
/// A certificate or a key, bare. A public key is known by its form alone.
Opened readDer(Bytes bytes, std::string_view password, Contents& contents);
/// A P7B: certificates only.
Opened readPkcs7(Bytes bytes, Contents& contents);
/// A PFX, those with outdated ciphers too if this OpenSSL has its legacy provider.
Opened readPfx(Bytes bytes, std::string_view password, Contents& contents);

}  // namespace wss::tls
