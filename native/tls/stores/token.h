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
#include "tls/stores/cryptoki.h"

namespace wss::tls {

/// Which token, and which of its certificates; what is empty does not matter.
struct TokenName {
  std::string module;  ///< the path of a shared library
  std::string label;
  std::string serial;
  std::string object;  ///< the label of a certificate
};

/// A session with a token. Objects are known by their handles. When the token has gone and come
/// back, or somebody else has closed the session, the next signature opens a new one.
class Token {
 public:
  using Object = cryptoki::Number;

  /// A private key, and what it is found by again in another session.
  struct Key {
    Object object = 0;
    std::vector<std::uint8_t> id;       ///< may be empty
    std::vector<std::uint8_t> modulus;  ///< empty unless it is one of RSA
    unsigned session = 0;               ///< in which `object` is its handle
  };

  /// Logs in with `pin`, unless it is empty, and keeps it for the next time. Error 271 when there
  /// is no such module or token, 273 when it does not take the PIN.
  static Result<std::shared_ptr<Token>> open(const TokenName& name, std::string_view pin);
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token();

  /// Up to kMaxObjects objects of a class and, unless it is empty, with this id.
  [[nodiscard]] std::vector<Object> find(cryptoki::Number objectClass, Bytes id = {}) const;
  /// Empty when there is none.
  [[nodiscard]] std::vector<std::uint8_t> read(Object object, cryptoki::Number attribute) const;
  [[nodiscard]] Key keyOf(Object object) const;
  /// The size of the signature, or nothing when the token does not sign.
  std::optional<std::size_t> sign(Key& key, cryptoki::Number mechanism, Bytes data,
                                  MutableBytes signature);

  static constexpr std::size_t kMaxObjects = 1000;

 private:
  Token(TokenName name, std::string_view pin);

  Result<void> connect();
  Result<void> logIn();
  void forgetPin();
  /// Finds `key` in this session, if it is of another.
  [[nodiscard]] bool locate(Key& key) const;
  cryptoki::Number signOnce(Object key, cryptoki::Number mechanism, Bytes data,
                            MutableBytes signature, std::size_t& size) const;

  TokenName name_;
  std::vector<std::uint8_t> pin_;
  const cryptoki::FunctionList* functions_ = nullptr;
  cryptoki::Number handle_ = 0;
  unsigned session_ = 0;  ///< how many there have been
};

}  // namespace wss::tls
