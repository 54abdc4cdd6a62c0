// SPDX-License-Identifier: MIT
#include "tls/contexts/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace wss::tls {
namespace {

constexpr std::size_t kNameSize = 16;
constexpr std::size_t kSecretSize = 32;

bool setMacKey(EVP_MAC_CTX* mac, Bytes key) {
  std::array<char, 7> digest = {'S', 'H', 'A', '2', '5', '6', '\0'};
  // OpenSSL only reads it; the parameter is not const because others are written.
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<std::uint8_t*>(key.data()),
                                        key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

}  // namespace

TicketKeys::~TicketKeys() { OPENSSL_cleanse(keys_.data(), keys_.size()); }

void TicketKeys::replace(std::vector<std::uint8_t> keys) {
  keys_.swap(keys);
  OPENSSL_cleanse(keys.data(), keys.size());
}

Result<void> TicketKeys::set(Bytes keys) {
  if (keys.empty() || keys.size() % kKeySize != 0 || keys.size() > kMaxKeys * kKeySize) {
    return makeError(ErrorCode::kInvalidArgument,
                     "The keys for session tickets are 1 to 16 times 80 bytes.");
  }
  replace({keys.begin(), keys.end()});
  births_.clear();
  return {};
}

Result<void> TicketKeys::setRandom() {
  std::vector<std::uint8_t> key(kKeySize);
  if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    return makeError(ErrorCode::kNoSecurityCredentials, "There are no random numbers to be had.");
  }
  replace(std::move(key));
  births_ = {Clock::now()};
  return {};
}

void TicketKeys::rotate(std::chrono::seconds lifetime) {
  if (births_.empty()) return;
  const Clock::time_point now = Clock::now();
  std::size_t kept = births_.size();
  // A key has sealed until the one before it was there.
  while (kept > 1 && now - births_[kept - 2] >= lifetime) --kept;
  const bool isDue = now - births_.front() >= lifetime;
  if (!isDue && kept == births_.size()) return;

  std::vector<std::uint8_t> keys;
  // At once: what grows leaves a copy behind.
  keys.reserve((kMaxKeys + 1) * kKeySize);
  keys.resize(isDue ? kKeySize : 0);
  // Without random numbers the old ones must do.
  if (isDue && RAND_priv_bytes(keys.data(), static_cast<int>(keys.size())) != 1) return;
  kept = std::min(kept, isDue ? kMaxKeys - 1 : kMaxKeys);
  births_.resize(kept);
  const Bytes old = Bytes(keys_).first(kept * kKeySize);
  keys.insert(keys.end(), old.begin(), old.end());
  if (isDue) births_.insert(births_.begin(), now);
  replace(std::move(keys));
}

int TicketKeys::prepare(std::uint8_t* name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, bool sealing) const {
  constexpr int kFailed = -1;
  constexpr int kNoTicket = 0;
  constexpr int kDone = 1;
  constexpr int kDoneRenew = 2;

  for (std::size_t at = 0; at < keys_.size(); at += kKeySize) {
    const Bytes key = Bytes(keys_).subspan(at, kKeySize);
    const Bytes secret = key.subspan(kNameSize, kSecretSize);
    if (!sealing && std::memcmp(name, key.data(), kNameSize) != 0) continue;
    if (sealing) {
      std::memcpy(name, key.data(), kNameSize);
      if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return kFailed;
    }
    const bool ready = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, secret.data(), iv,
                                         sealing ? 1 : 0) == 1 &&
                       setMacKey(mac, key.last(kSecretSize));
    if (!ready) return kFailed;
    return sealing || at == 0 ? kDone : kDoneRenew;
  }
  return kNoTicket;
}

}  // namespace wss::tls
