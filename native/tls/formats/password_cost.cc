// SPDX-License-Identifier: MIT
#include "tls/formats/password_cost.h"

#include <openssl/asn1t.h>

#include <algorithm>
#include <iterator>

#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

using OwnedPbes1 = Owned<PBEPARAM, PBEPARAM_free>;
using OwnedPbes2 = Owned<PBE2PARAM, PBE2PARAM_free>;
using OwnedPbkdf2 = Owned<PBKDF2PARAM, PBKDF2PARAM_free>;
using OwnedScrypt = Owned<SCRYPT_PARAMS, SCRYPT_PARAMS_free>;

constexpr std::uint64_t kEndless = kMaxPasswordCost + 1;

/// No cipher or MAC of these formats has a longer key, in bytes.
constexpr std::uint64_t kMaxKey = 64;

struct HashRow {
  int nid;
  std::uint64_t cost;  ///< to hash one short message
  std::uint64_t size;
};

constexpr HashRow kHashes[] = {
    {NID_sha1, 300, 20},     {NID_sha224, 300, 28},     {NID_sha256, 300, 32},
    {NID_sha384, 650, 48},   {NID_sha512, 650, 64},     {NID_sha512_224, 650, 28},
    {NID_md5, 350, 16},      {NID_sha512_256, 650, 32}, {NID_ripemd160, 450, 20},
    {NID_sha3_512, 950, 64}, {NID_sha3_256, 950, 32},
};
/// For any other: as slow as any, and as short.
constexpr HashRow kOther = {NID_undef, 1000, 16};

/// One unit of N * r * p.
constexpr std::uint64_t kScryptUnit = 500;

HashRow hashOf(int nid) {
  const auto* const row = std::ranges::find(kHashes, nid, &HashRow::nid);
  return row == std::end(kHashes) ? kOther : *row;
}

/// Both are at most kEndless, and so is the result.
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return std::min(a * b, kEndless); }

/// How many outputs of `hash` give `size` bytes.
std::uint64_t blocks(std::uint64_t size, const HashRow& hash) {
  return (size + hash.size - 1) / hash.size;
}

std::uint64_t numberOf(const ASN1_INTEGER* number) {
  std::uint64_t value = 0;
  // Fails for what is negative or has more than 64 bits.
  if (ASN1_INTEGER_get_uint64(&value, number) != 1) return kEndless;
  return std::min(value, kEndless);
}

template <typename Params>
Params unpacked(const X509_ALGOR* algorithm, const ASN1_ITEM* item) {
  using Type = typename Params::element_type;
  return Params(static_cast<Type*>(ASN1_TYPE_unpack_sequence(item, algorithm->parameter)));
}

std::uint64_t scryptCost(const X509_ALGOR* derivation) {
  const auto params = unpacked<OwnedScrypt>(derivation, ASN1_ITEM_rptr(SCRYPT_PARAMS));
  if (params == nullptr) return 0;
  std::uint64_t cost = kScryptUnit;
  for (const ASN1_INTEGER* const factor :
       {params->costParameter, params->blockSize, params->parallelizationParameter}) {
    cost = times(cost, numberOf(factor));
  }
  return cost;
}

/// `keySize` is what is derived, unless the parameters say it.
std::uint64_t pbkdf2Cost(const X509_ALGOR* derivation, std::uint64_t keySize) {
  const auto params = unpacked<OwnedPbkdf2>(derivation, ASN1_ITEM_rptr(PBKDF2PARAM));
  if (params == nullptr) return 0;
  if (params->keylength != nullptr) keySize = numberOf(params->keylength);
  if (keySize > kMaxKey) return kEndless;
  int digest = NID_sha1;  // The default (RFC 8018 §A.2).
  if (params->prf != nullptr) {
    const int prf = OBJ_obj2nid(params->prf->algorithm);
    if (EVP_PBE_find(EVP_PBE_TYPE_PRF, prf, nullptr, &digest, nullptr) != 1) digest = NID_undef;
  }
  const HashRow hash = hashOf(digest);
  constexpr std::uint64_t kHmac = 2;
  return times(times(numberOf(params->iter), blocks(keySize, hash)), kHmac * hash.cost);
}

std::uint64_t pbes2Cost(const X509_ALGOR* algorithm) {
  // The parameters of PBMAC1 (RFC 8018 §A.5) have the same form.
  const auto params = unpacked<OwnedPbes2>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
  if (params == nullptr) return 0;
  if (OBJ_obj2nid(params->keyfunc->algorithm) == NID_id_scrypt) return scryptCost(params->keyfunc);
  const EVP_CIPHER* const cipher = EVP_get_cipherbyobj(params->encryption->algorithm);
  const std::uint64_t keySize =
      cipher == nullptr ? kMaxKey : static_cast<std::uint64_t>(EVP_CIPHER_get_key_length(cipher));
  return pbkdf2Cost(params->keyfunc, keySize);
}

/// A key and an initialisation vector, by the digest that belongs to the cipher.
std::uint64_t pbes1Cost(const X509_ALGOR* algorithm) {
  const auto params = unpacked<OwnedPbes1>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
  if (params == nullptr) return 0;
  int digest = NID_undef;
  const int pbe = OBJ_obj2nid(algorithm->algorithm);
  EVP_PBE_find(EVP_PBE_TYPE_OUTER, pbe, nullptr, &digest, nullptr);
  const HashRow hash = hashOf(digest);
  constexpr std::uint64_t kTripleDesKey = 24;  // The longest of them.
  constexpr std::uint64_t kVector = 1;
  return times(times(numberOf(params->iter), blocks(kTripleDesKey, hash) + kVector), hash.cost);
}

}  // namespace

std::uint64_t passwordCost(const X509_ALGOR* algorithm) {
  const int nid = OBJ_obj2nid(algorithm->algorithm);
  return nid == NID_pbes2 || nid == NID_pbmac1 ? pbes2Cost(algorithm) : pbes1Cost(algorithm);
}

std::uint64_t macCost(const X509_ALGOR* digest, const ASN1_INTEGER* count) {
  if (OBJ_obj2nid(digest->algorithm) == NID_pbmac1) return passwordCost(digest);
  const std::uint64_t rounds = count == nullptr ? 1 : numberOf(count);
  return times(rounds, hashOf(OBJ_obj2nid(digest->algorithm)).cost);
}

}  // namespace wss::tls
