// SPDX-License-Identifier: MIT
// A private key of a token, as OpenSSL uses keys. Internal to tls/.
#pragma once

#include <memory>

#include "tls/certificates/certificate.h"
#include "tls/stores/token.h"

namespace wss::tls {

/// RSA or ECDSA, with the public half that the token tells; null when it tells none, or the key is
/// of another kind. Keeps `token` for as long as OpenSSL has the key.
Certificate::Key makeTokenKey(const std::shared_ptr<Token>& token, Token::Object key);

}  // namespace wss::tls
