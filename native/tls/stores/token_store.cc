// SPDX-License-Identifier: MIT
#include "tls/stores/token_store.h"

#include <memory>
#include <vector>

#include "tls/openssl/openssl.h"
#include "tls/stores/token_key.h"

namespace wss::tls {
namespace {

Error notOpened(std::string_view detail) {
  return makeError(ErrorCode::kCertificateStoreNotOpened, detail);
}

void addCertificate(const Token& token, Token::Object object, Contents& contents) {
  const std::vector<std::uint8_t> der = token.read(object, cryptoki::kValue);
  const unsigned char* at = der.data();
  OwnedX509 certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate != nullptr) contents.certificates.emplace_back(certificate.release(), X509_free);
}

}  // namespace

Result<Contents> readToken(const TokenName& name, std::string_view pin) {
  const CleanErrors errors;
  Result<std::shared_ptr<Token>> opened = Token::open(name, pin);
  if (!opened.ok()) return opened.error();
  const std::shared_ptr<Token>& token = opened.value();
  Contents contents;
  for (const Token::Object object : token->find(cryptoki::kCertificate)) {
    if (!contents.takesCertificate()) return notOpened("It holds more than 1000 certificates.");
    const std::vector<std::uint8_t> label = token->read(object, cryptoki::kLabel);
    if (name.object.empty() || wss::textOf(Bytes(label)) == name.object) {
      addCertificate(*token, object, contents);
    }
  }
  for (const Token::Object object : token->find(cryptoki::kPrivateKey)) {
    if (!contents.takesKey()) return notOpened("It holds more than 100 keys.");
    Certificate::Key key = makeTokenKey(token, object);
    if (key != nullptr) contents.keys.push_back(std::move(key));
  }
  if (contents.certificates.empty() && contents.keys.empty()) {
    return notOpened("The token holds neither a certificate nor a key that it shows for this PIN.");
  }
  return contents;
}

}  // namespace wss::tls
