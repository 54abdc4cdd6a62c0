// SPDX-License-Identifier: MIT
// Private keys in DER, looked at before they are decoded: OpenSSL computes while it decodes (the
// public half of a DSA key; whatever the parameters of a curve ask for), and takes minutes for a
// file of 40 KB if it is let. Internal to tls/.
#pragma once

#include "base/bytes.h"
#include "tls/formats/contents.h"

struct pkcs8_priv_key_info_st;

namespace wss::tls {

/// Adds the key in `der` to `contents`: PKCS#8 (RFC 5958 §2), PKCS#1 (RFC 8017 §A.1.2) or SEC 1
/// (RFC 5915 §3), of RSA with two primes, of ECDSA on a curve that TLS has a number for and that is
/// named, of Ed25519 or Ed448. kNotThis when it is no private key at all.
Opened addPrivateKey(Bytes der, Contents& contents);

/// The same of what was in a PFX, or has been decrypted; null is kDamaged.
Opened addPrivateKey(const pkcs8_priv_key_info_st* info, Contents& contents);

}  // namespace wss::tls
