// SPDX-License-Identifier: MIT
#include "tls/rounds.h"

#include <openssl/asn1t.h>

#include <algorithm>
#include <limits>

#include "tls/openssl.h"

namespace wss::tls {
namespace {

using OwnedPbes1 = Owned<PBEPARAM, PBEPARAM_free>;
using OwnedPbes2 = Owned<PBE2PARAM, PBE2PARAM_free>;
using OwnedPbkdf2 = Owned<PBKDF2PARAM, PBKDF2PARAM_free>;
using OwnedScrypt = Owned<SCRYPT_PARAMS, SCRYPT_PARAMS_free>;

template <typename Params>
Params unpacked(const X509_ALGOR* algorithm, const ASN1_ITEM* item) {
  using Type = typename Params::element_type;
  return Params(static_cast<Type*>(ASN1_TYPE_unpack_sequence(item, algorithm->parameter)));
}

std::uint64_t derivationRounds(const X509_ALGOR* derivation) {
  if (OBJ_obj2nid(derivation->algorithm) == NID_id_scrypt) {
    const auto params = unpacked<OwnedScrypt>(derivation, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    if (params == nullptr) return 0;
    std::uint64_t rounds = 1;
    for (const ASN1_INTEGER* const factor :
         {params->costParameter, params->blockSize, params->parallelizationParameter}) {
      // Each is at most a little more than kMaxRounds, so the product does not overflow.
      rounds = std::min(rounds * roundsOf(factor), kMaxRounds + 1);
    }
    return rounds;
  }
  const auto params = unpacked<OwnedPbkdf2>(derivation, ASN1_ITEM_rptr(PBKDF2PARAM));
  return params == nullptr ? 0 : roundsOf(params->iter);
}

}  // namespace

std::uint64_t roundsOf(const ASN1_INTEGER* count) {
  std::uint64_t rounds = 0;
  // Fails for what is negative or has more than 64 bits.
  if (ASN1_INTEGER_get_uint64(&rounds, count) != 1) return kMaxRounds + 1;
  return std::min(rounds, kMaxRounds + 1);
}

std::uint64_t roundsOf(const X509_ALGOR* algorithm) {
  const int nid = OBJ_obj2nid(algorithm->algorithm);
  if (nid == NID_pbes2 || nid == NID_pbmac1) {
    // The parameters of PBMAC1 (RFC 8018 §A.5) have the same form.
    const auto params = unpacked<OwnedPbes2>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
    return params == nullptr ? 0 : derivationRounds(params->keyfunc);
  }
  const auto params = unpacked<OwnedPbes1>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
  return params == nullptr ? 0 : roundsOf(params->iter);
}

}  // namespace wss::tls
