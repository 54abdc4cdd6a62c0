// SPDX-License-Identifier: MIT
#include "tls/formats/private_key.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tls/formats/der.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

using namespace std::string_view_literals;
using OwnedPkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

enum class Kind { kRsa, kEc, kEdwards };

struct AlgorithmRow {
  std::string_view object;  ///< the contents of its OBJECT IDENTIFIER
  Kind kind;
};

constexpr AlgorithmRow kAlgorithms[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv, Kind::kRsa},  // rsaEncryption
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"sv, Kind::kRsa},  // id-RSASSA-PSS
    {"\x2a\x86\x48\xce\x3d\x02\x01"sv, Kind::kEc},           // id-ecPublicKey
    {"\x2b\x65\x70"sv, Kind::kEdwards},                      // id-Ed25519
    {"\x2b\x65\x71"sv, Kind::kEdwards},                      // id-Ed448
};

/// The curves over prime fields to which TLS gives a number (RFC 8422 §5.1.1, RFC 7027 §2).
constexpr std::string_view kCurves[] = {
    "\x2a\x86\x48\xce\x3d\x03\x01\x07"sv,      // P-256
    "\x2b\x81\x04\x00\x22"sv,                  // P-384
    "\x2b\x81\x04\x00\x23"sv,                  // P-521
    "\x2b\x81\x04\x00\x21"sv,                  // P-224
    "\x2b\x81\x04\x00\x0a"sv,                  // secp256k1
    "\x2b\x24\x03\x03\x02\x08\x01\x01\x07"sv,  // brainpoolP256r1
    "\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"sv,  // brainpoolP384r1
    "\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"sv,  // brainpoolP512r1
};

constexpr std::size_t kMaxModulus = kMaxKeyBits / 8;
/// OpenSSL verifies by no longer ones where the modulus has more than 3072 bits.
constexpr std::size_t kMaxPublicExponent = 8;
/// Of P-521.
constexpr std::size_t kMaxCoordinate = 66;
/// Of Ed448.
constexpr std::size_t kMaxEdwards = 57;

/// A number without the zeros before it.
std::optional<Bytes> takeNumber(DerReader& reader) {
  std::optional<Bytes> number = reader.take(Tag::kInteger);
  while (number && !number->empty() && number->front() == 0) number = number->subspan(1);
  return number;
}

bool isCurve(std::optional<Bytes> object) {
  return object && std::ranges::find(kCurves, wss::textOf(*object)) != std::end(kCurves);
}

/// RSAPrivateKey.
bool isFitRsa(Bytes key) {
  DerReader outer(key);
  const std::optional<Bytes> body = outer.take(Tag::kSequence);
  if (!body || !outer.atEnd()) return false;
  DerReader reader(*body);
  const std::optional<Bytes> version = takeNumber(reader);
  // Another version has more than two primes.
  if (!version || !version->empty()) return false;
  const std::optional<Bytes> modulus = takeNumber(reader);
  if (!modulus || modulus->size() > kMaxModulus) return false;
  const std::optional<Bytes> exponent = takeNumber(reader);
  if (!exponent || exponent->size() > kMaxPublicExponent) return false;
  constexpr int kSecrets = 6;  // d, p, q, dP, dQ, qInv
  for (int i = 0; i < kSecrets; ++i) {
    const std::optional<Bytes> secret = takeNumber(reader);
    if (!secret || secret->size() > modulus->size()) return false;
  }
  return reader.atEnd();
}

/// ECPrivateKey. Its curve may be said here, or around it by PKCS#8, or by both.
bool isFitEc(Bytes key, bool curveIsKnown) {
  DerReader outer(key);
  const std::optional<Bytes> body = outer.take(Tag::kSequence);
  if (!body || !outer.atEnd()) return false;
  DerReader reader(*body);
  const std::optional<Bytes> version = reader.take(Tag::kInteger);
  const std::optional<Bytes> secret = reader.take(Tag::kOctetString);
  if (!version || version->size() != 1 || !secret || secret->size() > kMaxCoordinate) return false;
  if (const auto parameters = reader.take(Tag::kContext0)) {
    // Anything but a name would be a curve in numbers, of any size.
    DerReader curve(*parameters);
    if (!isCurve(curve.take(Tag::kObject)) || !curve.atEnd()) return false;
    curveIsKnown = true;
  }
  if (const auto point = reader.take(Tag::kContext1)) {
    constexpr std::size_t kMostPoint = 2 + 2 + 2 * kMaxCoordinate + 2;
    if (point->size() > kMostPoint) return false;
  }
  return curveIsKnown && reader.atEnd();
}

/// CurvePrivateKey (RFC 8410 §7).
bool isFitEdwards(Bytes key) {
  DerReader reader(key);
  const std::optional<Bytes> secret = reader.take(Tag::kOctetString);
  return secret && secret->size() <= kMaxEdwards && reader.atEnd();
}

/// The algorithm and the key of a PrivateKeyInfo.
bool isFitPkcs8(Bytes algorithm, std::optional<Bytes> key) {
  if (!key) return false;
  DerReader parts(algorithm);
  const std::optional<Bytes> object = parts.take(Tag::kObject);
  if (!object) return false;
  const auto* const row =
      std::ranges::find(kAlgorithms, wss::textOf(*object), &AlgorithmRow::object);
  if (row == std::end(kAlgorithms)) return false;
  switch (row->kind) {
    case Kind::kRsa:
      return isFitRsa(*key);
    case Kind::kEc:
      return isCurve(parts.take(Tag::kObject)) && parts.atEnd() && isFitEc(*key, true);
    case Kind::kEdwards:
      return isFitEdwards(*key);
  }
  return false;
}

Opened add(EVP_PKEY* decoded, Contents& contents) {
  if (decoded == nullptr) return Opened::kDamaged;
  contents.keys.emplace_back(decoded, EVP_PKEY_free);
  return Opened::kDone;
}

Opened addPkcs8(Bytes der, Contents& contents) {
  const unsigned char* at = der.data();
  const OwnedPkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  return add(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()), contents);
}

Opened addTraditional(int type, Bytes der, Contents& contents) {
  const unsigned char* at = der.data();
  return add(d2i_PrivateKey(type, nullptr, &at, static_cast<long>(der.size())), contents);
}

}  // namespace

Opened addPrivateKey(Bytes der, Contents& contents) {
  // What follows the key (attributes) is used neither here nor by OpenSSL.
  const std::optional<Bytes> element = DerReader(der).takeWhole();
  const std::optional<Bytes> body = DerReader(der).take(Tag::kSequence);
  if (!element || !body) return Opened::kNotThis;
  DerReader reader(*body);
  const std::optional<Bytes> version = reader.take(Tag::kInteger);
  if (!version || version->size() != 1) return Opened::kNotThis;
  // What follows the version tells the forms apart.
  const std::optional<Bytes> algorithm = reader.take(Tag::kSequence);
  const bool isPkcs8 = algorithm && reader.isAt(Tag::kOctetString);  // A PFX has no such string.
  const bool isSec1 = !algorithm && reader.isAt(Tag::kOctetString);
  const bool isNumbers = !algorithm && reader.isAt(Tag::kInteger);  // PKCS#1, or DSA of OpenSSL.
  if (!isPkcs8 && !isSec1 && !isNumbers) return Opened::kNotThis;
  if (contents.withoutKeys) return Opened::kDone;
  if (!contents.takesKey()) return Opened::kTooMany;

  const Bytes whole = *element;
  if (isPkcs8) {
    return isFitPkcs8(*algorithm, reader.take(Tag::kOctetString)) ? addPkcs8(whole, contents)
                                                                  : Opened::kUnfitKey;
  }
  if (isSec1) {
    return isFitEc(whole, false) ? addTraditional(EVP_PKEY_EC, whole, contents) : Opened::kUnfitKey;
  }
  return isFitRsa(whole) ? addTraditional(EVP_PKEY_RSA, whole, contents) : Opened::kUnfitKey;
}

Opened addPrivateKey(const PKCS8_PRIV_KEY_INFO* info, Contents& contents) {
  unsigned char* der = nullptr;
  const int size = info == nullptr ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  if (size < 0) return Opened::kDamaged;
  const Opened opened = addPrivateKey(Bytes(der, static_cast<std::size_t>(size)), contents);
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return opened == Opened::kNotThis ? Opened::kDamaged : opened;
}

}  // namespace wss::tls
