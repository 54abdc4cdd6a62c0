// SPDX-License-Identifier: MIT
// A token (a smart card, a security module) behind PKCS#11: its certificates, and its private keys,
// which never leave it. The module is loaded into the process for good. A key signs within the call
// that asks for it: the server's thread waits for the token.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "tls/cryptoki.h"
#include "tls/formats.h"

namespace wss::tls {

/// Which token, and which of its certificates; what is empty does not matter.
struct TokenName {
  std::string module;  ///< the path of a shared library
  std::string label;
  std::string serial;
  std::string object;  ///< the label of a certificate
};

/// A session with a token. Objects are known by their handles.
class Token {
 public:
  using Object = cryptoki::Number;

  /// Logs in with `pin`, unless it is empty. Error 271 when there is no such module or token, 273
  /// when it does not take the PIN.
  static Result<std::shared_ptr<Token>> open(const TokenName& name, std::string_view pin);
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token();

  /// Up to kMaxObjects objects of a class and, unless it is empty, with this id.
  [[nodiscard]] std::vector<Object> find(cryptoki::Number objectClass, Bytes id = {}) const;
  /// Empty when there is none.
  [[nodiscard]] std::vector<std::uint8_t> read(Object object, cryptoki::Number attribute) const;
  /// The size of the signature, or nothing when the token does not sign.
  std::optional<std::size_t> sign(Object key, cryptoki::Number mechanism, Bytes data,
                                  MutableBytes signature) const;

  static constexpr std::size_t kMaxObjects = 1000;

 private:
  Token(const cryptoki::FunctionList* functions, cryptoki::Number session);

  const cryptoki::FunctionList* functions_;
  cryptoki::Number session_;
};

/// The certificates and private keys of a token. Fails like Token::open().
Result<Contents> readToken(const TokenName& name, std::string_view pin);

}  // namespace wss::tls
