// SPDX-License-Identifier: MIT
// A token as a store of certificates and keys.
#pragma once

#include <string_view>

#include "base/error.h"
#include "tls/formats/contents.h"
#include "tls/stores/token.h"

namespace wss::tls {

/// The certificates and private keys of a token. Fails like Token::open().
Result<Contents> readToken(const TokenName& name, std::string_view pin);

}  // namespace wss::tls
