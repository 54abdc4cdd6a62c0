// SPDX-License-Identifier: MIT
// OpenSSL 3 calls key methods outdated in favour of providers. A provider serves a whole library
// context, which here is Node's; a method serves the one key it is given to.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tls/stores/token_key.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tls/formats/contents.h"
#include "tls/formats/der.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

using OwnedRsa = Owned<RSA, RSA_free>;
using OwnedEcKey = Owned<EC_KEY, EC_KEY_free>;
using OwnedRsaMethod = Owned<RSA_METHOD, RSA_meth_free>;
using OwnedEcMethod = Owned<EC_KEY_METHOD, EC_KEY_METHOD_free>;
using OwnedOctets = Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using OwnedSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;

/// The signature of an ECDSA key of 521 bits is 132 bytes.
constexpr std::size_t kMaxEcdsa = 256;

/// What a key of OpenSSL carries: it is freed with the key.
template <typename Method>
struct Holder {
  std::shared_ptr<Token> token;
  Token::Key key;
  Method method;
};

using RsaHolder = Holder<OwnedRsaMethod>;
using EcHolder = Holder<OwnedEcMethod>;

int signRsa(int size, const unsigned char* data, unsigned char* to, RSA* rsa, int padding) {
  auto* const holder = static_cast<RsaHolder*>(RSA_get_ex_data(rsa, 0));
  // PSS comes padded.
  const cryptoki::Number mechanism =
      padding == RSA_NO_PADDING ? cryptoki::kRsaRaw : cryptoki::kRsaPkcs;
  const auto made =
      holder->token->sign(holder->key, mechanism, Bytes(data, static_cast<std::size_t>(size)),
                          MutableBytes(to, static_cast<std::size_t>(RSA_size(rsa))));
  if (made) return static_cast<int>(*made);
  ERR_raise(ERR_LIB_RSA, ERR_R_OPERATION_FAIL);
  return -1;
}

int finishRsa(RSA* rsa) {
  delete static_cast<RsaHolder*>(RSA_get_ex_data(rsa, 0));
  return RSA_meth_get_finish(RSA_PKCS1_OpenSSL())(rsa);
}

ECDSA_SIG* signEcdsa(const unsigned char* data, int size, const BIGNUM* /*kinv*/,
                     const BIGNUM* /*r*/, EC_KEY* key) {
  auto* const holder = static_cast<EcHolder*>(EC_KEY_get_ex_data(key, 0));
  std::array<std::uint8_t, kMaxEcdsa> numbers;
  // Of a digest that is longer than the order of the curve, its start counts (FIPS 186-5 §6.4.1).
  const int order = (EC_GROUP_order_bits(EC_KEY_get0_group(key)) + 7) / 8;
  const Bytes digest(data, static_cast<std::size_t>(std::min(size, order)));
  const auto made = holder->token->sign(holder->key, cryptoki::kEcdsa, digest, numbers);
  if (!made || *made == 0 || *made % 2 != 0) {
    ERR_raise(ERR_LIB_EC, ERR_R_OPERATION_FAIL);
    return nullptr;
  }
  const int half = static_cast<int>(*made / 2);
  OwnedSignature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(numbers.data(), half, nullptr),
                 BN_bin2bn(numbers.data() + half, half, nullptr));
  return signature.release();
}

void finishEc(EC_KEY* key) { delete static_cast<EcHolder*>(EC_KEY_get_ex_data(key, 0)); }

/// Keys are not copied: both would free the one holder.
int refuseCopy(EC_KEY* /*to*/, const EC_KEY* /*from*/) { return 0; }

Certificate::Key shared(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

Certificate::Key makeRsa(const std::shared_ptr<Token>& token, Token::Object object) {
  const std::vector<std::uint8_t> n = token->read(object, cryptoki::kModulus);
  const std::vector<std::uint8_t> e = token->read(object, cryptoki::kPublicExponent);
  if (n.empty() || e.empty() || n.size() > kMaxKeyBits / 8) return nullptr;
  OwnedRsa rsa(RSA_new());
  RSA_set0_key(rsa.get(), BN_bin2bn(n.data(), static_cast<int>(n.size()), nullptr),
               BN_bin2bn(e.data(), static_cast<int>(e.size()), nullptr), nullptr);
  OwnedRsaMethod method(RSA_meth_dup(RSA_PKCS1_OpenSSL()));
  RSA_meth_set_priv_enc(method.get(), signRsa);
  RSA_meth_set_finish(method.get(), finishRsa);
  auto holder =
      std::make_unique<RsaHolder>(RsaHolder{token, token->keyOf(object), std::move(method)});
  RSA_set_method(rsa.get(), holder->method.get());
  RSA_set_ex_data(rsa.get(), 0, holder.release());
  EVP_PKEY* const key = EVP_PKEY_new();
  EVP_PKEY_set1_RSA(key, rsa.get());
  return shared(key);
}

/// The public half, from the certificate or the public key that has the same id.
OwnedEcKey publicEc(const Token& token, Token::Object object) {
  const std::vector<std::uint8_t> id = token.read(object, cryptoki::kId);
  if (id.empty()) return nullptr;
  for (const Token::Object candidate : token.find(cryptoki::kCertificate, Bytes(id))) {
    const std::vector<std::uint8_t> der = token.read(candidate, cryptoki::kValue);
    const unsigned char* at = der.data();
    const OwnedX509 certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (certificate == nullptr) continue;
    const EC_KEY* const found = EVP_PKEY_get0_EC_KEY(X509_get0_pubkey(certificate.get()));
    if (found != nullptr) return OwnedEcKey(EC_KEY_dup(found));
  }
  for (const Token::Object candidate : token.find(cryptoki::kPublicKey, Bytes(id))) {
    const std::vector<std::uint8_t> params = token.read(candidate, cryptoki::kEcParams);
    const std::vector<std::uint8_t> point = token.read(candidate, cryptoki::kEcPoint);
    // TLS has names for its curves; one that is given in numbers may be anything.
    if (!DerReader(params).isAt(Tag::kObject)) continue;
    const unsigned char* at = params.data();
    EC_KEY* key = d2i_ECParameters(nullptr, &at, static_cast<long>(params.size()));
    OwnedEcKey owned(key);
    at = point.data();
    const OwnedOctets octets(d2i_ASN1_OCTET_STRING(nullptr, &at, static_cast<long>(point.size())));
    if (key == nullptr || octets == nullptr) continue;
    at = ASN1_STRING_get0_data(octets.get());
    if (o2i_ECPublicKey(&key, &at, ASN1_STRING_length(octets.get())) != nullptr) return owned;
  }
  return nullptr;
}

Certificate::Key makeEc(const std::shared_ptr<Token>& token, Token::Object object) {
  const OwnedEcKey ec = publicEc(*token, object);
  if (ec == nullptr) return nullptr;
  OwnedEcMethod method(EC_KEY_METHOD_new(EC_KEY_OpenSSL()));
  int (*sign)(int, const unsigned char*, int, unsigned char*, unsigned int*, const BIGNUM*,
              const BIGNUM*, EC_KEY*) = nullptr;
  int (*setup)(EC_KEY*, BN_CTX*, BIGNUM**, BIGNUM**) = nullptr;
  EC_KEY_METHOD_get_sign(method.get(), &sign, &setup, nullptr);
  EC_KEY_METHOD_set_sign(method.get(), sign, setup, signEcdsa);
  EC_KEY_METHOD_set_init(method.get(), nullptr, finishEc, refuseCopy, nullptr, nullptr, nullptr);
  auto holder =
      std::make_unique<EcHolder>(EcHolder{token, token->keyOf(object), std::move(method)});
  EC_KEY_set_method(ec.get(), holder->method.get());
  EC_KEY_set_ex_data(ec.get(), 0, holder.release());
  EVP_PKEY* const key = EVP_PKEY_new();
  EVP_PKEY_set1_EC_KEY(key, ec.get());
  return shared(key);
}

}  // namespace

Certificate::Key makeTokenKey(const std::shared_ptr<Token>& token, Token::Object key) {
  Certificate::Key rsa = makeRsa(token, key);
  return rsa != nullptr ? rsa : makeEc(token, key);
}

}  // namespace wss::tls
