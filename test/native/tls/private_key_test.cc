// SPDX-License-Identifier: MIT
// Which private keys are decoded, by what can be seen before.
#include "tls/formats/private_key.h"

#include <doctest/doctest.h>
#include <openssl/core_names.h>

#include "tls/certificates/key_trial.h"
#include "tls/formats/der.h"
#include "tls/stores/store.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::makeCertificate;
using test::makeKey;
using Der = std::vector<std::uint8_t>;
using OwnedPkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

/// An element of DER with these contents.
Der der(int tag, std::initializer_list<Der> contents) {
  Der body;
  for (const Der& part : contents) body.insert(body.end(), part.begin(), part.end());
  Der element = {static_cast<std::uint8_t>(tag), 0x84};
  for (int shift = 24; shift >= 0; shift -= 8) {
    element.push_back(static_cast<std::uint8_t>(body.size() >> static_cast<unsigned>(shift)));
  }
  element.insert(element.end(), body.begin(), body.end());
  return element;
}

/// A number of so many bytes.
Der number(std::size_t size) { return der(2, {Der(size, 0x55)}); }

Der traditional(const Certificate::Key& key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PrivateKey(key.get(), &bytes);
  Der made(bytes, bytes + size);
  OPENSSL_free(bytes);
  return made;
}

Der pkcs8(const Certificate::Key& key) {
  const OwnedPkcs8 info(EVP_PKEY2PKCS8(key.get()));
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &bytes);
  Der made(bytes, bytes + size);
  OPENSSL_free(bytes);
  return made;
}

/// A key with parameters in the place of the name of its curve.
Certificate::Key explicitKey() {
  Certificate::Key key = makeKey("EC");
  EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                 OSSL_PKEY_EC_ENCODING_EXPLICIT);
  return key;
}

Certificate::Key onCurve(const char* name) { return {EVP_EC_gen(name), EVP_PKEY_free}; }

/// An RSA key that is for PSS only.
Certificate::Key pssKey() {
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 1024);
  EVP_PKEY_keygen(context.get(), &key);
  return {key, EVP_PKEY_free};
}

Opened opened(Bytes bytes) {
  Contents contents;
  const Opened result = addPrivateKey(bytes, contents);
  CHECK(contents.keys.size() == (result == Opened::kDone ? 1U : 0U));
  return result;
}

const Der kZero = {2, 1, 0};
const Der kOne = {2, 1, 1};
const Der kDsa = {6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1};
const Der kRsa = {6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1};
const Der kEc = {6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
const Der kP256 = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
const Der kSect571 = {6, 5, 0x2b, 0x81, 4, 0, 0x27};

TEST_CASE("keys for TLS are read, in each of their forms") {
  for (const Certificate::Key& key :
       {makeKey("RSA"), makeKey("EC"), makeKey("ED25519"), makeKey("ED448"), onCurve("P-384"),
        onCurve("P-521"), onCurve("secp224r1"), onCurve("secp256k1"), onCurve("brainpoolP256r1"),
        onCurve("brainpoolP384r1"), onCurve("brainpoolP512r1")}) {
    CHECK(opened(pkcs8(key)) == Opened::kDone);
    CHECK(opened(traditional(key)) == Opened::kDone);
    Der longer = pkcs8(key);
    longer.push_back(0);
    CHECK(opened(longer) == Opened::kDone);
  }
  CHECK(opened(pkcs8(pssKey())) == Opened::kDone);
}

TEST_CASE("other keys are refused without being decoded") {
  CHECK(opened(pkcs8(makeKey("X25519"))) == Opened::kUnfitKey);
  CHECK(opened(pkcs8(onCurve("sect571r1"))) == Opened::kUnfitKey);
  CHECK(opened(traditional(onCurve("sect571r1"))) == Opened::kUnfitKey);
  CHECK(opened(pkcs8(explicitKey())) == Opened::kUnfitKey);
  CHECK(opened(traditional(explicitKey())) == Opened::kUnfitKey);

  // DSA, for whose public half OpenSSL would compute for minutes.
  const Der p = number(20'000);
  CHECK(opened(der(0x30, {kZero, p, number(20), p, p, p})) == Opened::kUnfitKey);
  const Der parameters = der(0x30, {p, number(20), p});
  CHECK(opened(der(0x30, {kZero, der(0x30, {kDsa, parameters}), der(4, {p})})) ==
        Opened::kUnfitKey);

  const auto rsa = [](const Der& version, std::size_t n, std::size_t e, std::size_t d) {
    return der(0x30, {version, number(n), number(e), number(d), number(1), number(1), number(1),
                      number(1), number(1)});
  };
  for (const Der& key : {rsa(kZero, 2049, 3, 1), rsa(kZero, 256, 9, 1), rsa(kZero, 256, 3, 257),
                         rsa(kOne, 256, 3, 256), der(0x30, {kZero, number(256), number(3)})}) {
    CHECK(opened(key) == Opened::kUnfitKey);
    CHECK(opened(der(0x30, {kZero, der(0x30, {kRsa, {5, 0}}), der(4, {key})})) ==
          Opened::kUnfitKey);
  }

  const Der named = der(0xa0, {kP256});
  const Der secret = der(4, {Der(32, 1)});
  const Der huge = der(4, {Der(67, 1)});
  CHECK(opened(der(0x30, {kOne, huge, named})) == Opened::kUnfitKey);
  CHECK(opened(der(0x30, {kOne, secret})) == Opened::kUnfitKey);
  CHECK(opened(der(0x30, {kOne, secret, named, der(0xa1, {der(3, {Der(500, 0)})})})) ==
        Opened::kUnfitKey);
  // The curve within is another one than around it.
  const Der inner = der(0x30, {kOne, secret, der(0xa0, {kSect571})});
  CHECK(opened(der(0x30, {kZero, der(0x30, {kEc, kP256}), der(4, {inner})})) == Opened::kUnfitKey);
}

TEST_CASE("what is no private key at all") {
  for (const Der& bytes : {Der{}, Der{0x30}, Der{0x30, 0}, der(0x30, {kZero}), der(0x31, {kZero}),
                           Der{0x30, 0x80, 2, 1, 0}, der(0x30, {der(2, {Der(256, 1)}), kOne})}) {
    CHECK(opened(bytes) == Opened::kNotThis);
  }
  CHECK(opened(test::derOf(makeCertificate("x").leaf())) == Opened::kNotThis);
}

TEST_CASE("every byte of a key may be wrong") {
  for (const Certificate::Key& key : {makeKey("RSA"), makeKey("EC"), makeKey("ED25519")}) {
    const Der whole = pkcs8(key);
    for (std::size_t at = 0; at < whole.size(); at += 7) {
      Der changed = whole;
      changed[at] ^= 0xff;
      opened(changed);
      CHECK(opened(Bytes(whole).first(at)) == Opened::kNotThis);
    }
  }
}

TEST_CASE("elements of ASN.1") {
  const Der two = {4, 1, 7, 4, 0x81, 2, 8, 9};
  DerReader reader(two);
  CHECK_FALSE(reader.take(Tag::kInteger));
  CHECK(reader.take(Tag::kOctetString)->size() == 1);
  CHECK(reader.takeWhole()->size() == 5);
  CHECK(reader.atEnd());
  CHECK_FALSE(reader.takeWhole());

  const Der indefinite = {0x30, 0x80, 0x30, 0x80, 4, 1, 7, 0, 0, 0, 0, 5};
  DerReader nested(indefinite);
  CHECK(nested.take(Tag::kSequence)->size() == 7);
  CHECK_FALSE(nested.atEnd());
  for (const Der& bad : {Der{4, 2, 7}, Der{4, 0x85, 0, 0, 0, 0, 0}, Der{4, 0x84, 0xff, 0xff},
                         Der{0x30, 0x80, 4, 1, 7, 0}}) {
    CHECK_FALSE(DerReader(bad).takeWhole());
  }
  Der deep;
  for (int i = 0; i < 100'000; ++i) deep.insert(deep.end(), {0x30, 0x80});
  CHECK_FALSE(DerReader(deep).takeWhole());
}

TEST_CASE("a key is tried with its certificate") {
  for (const std::string_view kind : {"RSA", "EC", "ED25519", "ED448"}) {
    CHECK(tryKey(makeCertificate("x", nullptr, kind)).ok());
  }
  // The private half is another's, and the public half that of the certificate.
  const Certificate mine = makeCertificate("mine");
  const Der other = traditional(makeKey("EC"));
  Der mixed = traditional(mine.key());
  constexpr std::size_t kSecretAt = 7;
  std::copy_n(other.begin() + kSecretAt, 32, mixed.begin() + kSecretAt);
  Contents contents;
  REQUIRE(addPrivateKey(mixed, contents) == Opened::kDone);
  contents.certificates.push_back(mine.leaf());
  CHECK(findCertificate(contents, "*").error().code == ErrorCode::kNoSecurityCredentials);
  const std::string encoded = mine.encoded();
  CHECK(findKey(contents, bytesOf(encoded)).error().code == ErrorCode::kNoSecurityCredentials);
}

}  // namespace
}  // namespace wss::tls
