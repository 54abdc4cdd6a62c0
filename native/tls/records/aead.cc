// SPDX-License-Identifier: MIT
#include "tls/records/aead.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace wss::tls {
namespace {

struct SuiteRow {
  std::uint16_t id;
  const char* cipher;
  std::size_t keySize;
  const char* hash;
  std::size_t hashSize;
};

/// RFC 8446 §B.4, but for the two with CCM, which OpenSSL only uses for those who ask for them.
constexpr SuiteRow kSuites[] = {
    {0x1301, "AES-128-GCM", 16, "SHA2-256", 32},
    {0x1302, "AES-256-GCM", 32, "SHA2-384", 48},
    {0x1303, "ChaCha20-Poly1305", 32, "SHA2-256", 32},
};

int sizeOf(Bytes bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

void Aead::FreeContext::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);  // wipes it
}

void Aead::FreeCipher::operator()(evp_cipher_st* cipher) const { EVP_CIPHER_free(cipher); }

std::unique_ptr<Aead> Aead::create(std::uint16_t suite) {
  const auto* const row = std::ranges::find(kSuites, suite, &SuiteRow::id);
  if (row == std::end(kSuites)) return nullptr;
  std::unique_ptr<Aead> aead(new Aead(row->hash, row->hashSize));
  aead->suite_ = suite;
  aead->cipher_.reset(EVP_CIPHER_fetch(nullptr, row->cipher, nullptr));
  aead->keySize_ = row->keySize;
  return aead->cipher_ == nullptr ? nullptr : std::move(aead);
}

Aead::~Aead() = default;

evp_cipher_ctx_st* Aead::prepare(const TrafficKey& key, bool sealing) {
  // RFC 8446 §5.3: the IV and the number of the record, as a big-endian number, added bit by bit.
  std::array<std::uint8_t, kIvSize> nonce{};
  std::ranges::copy(key.iv_.first(kIvSize), nonce.begin());
  for (std::size_t i = 0; i < sizeof key.sequence_; ++i) {
    nonce[kIvSize - 1 - i] ^= static_cast<std::uint8_t>(key.sequence_ >> (8 * i));
  }

  Slot& slot = slots_[key.slot_];
  const int direction = sealing ? 1 : 0;
  if (slot.context == nullptr) {
    slot.context.reset(EVP_CIPHER_CTX_new());
    if (EVP_CipherInit_ex(slot.context.get(), cipher_.get(), nullptr, nullptr, nullptr,
                          direction) != 1) {
      slot.context.reset();
      return nullptr;
    }
  }
  const bool isThere = slot.owner == &key;
  slot.owner = &key;
  const std::uint8_t* const bytes = isThere ? nullptr : key.key_.first(keySize_).data();
  if (EVP_CipherInit_ex(slot.context.get(), nullptr, nullptr, bytes, nonce.data(), direction) !=
      1) {
    forget(key);
    return nullptr;
  }
  return slot.context.get();
}

void Aead::forget(const TrafficKey& key) {
  Slot& slot = slots_[key.slot_];
  if (slot.owner == &key) slot = {};
}

TrafficKey::TrafficKey(Aead& aead, Bytes secret, std::uint64_t sequence)
    : aead_(aead), sequence_(sequence), slot_(aead.nextSlot()) {
  std::ranges::copy(secret, secret_.first(secret.size()).begin());
  derive();
}

void TrafficKey::derive() {
  aead_.forget(*this);
  Expander& expander = aead_.expander();
  const Bytes secret = std::as_const(secret_).first(expander.hashSize());
  usable_ =
      expander.expand(secret, {{"key", key_.first(aead_.keySize())}, {"iv", iv_.first(kIvSize)}});
}

void TrafficKey::update() {
  const std::size_t hashSize = aead_.expander().hashSize();
  SecretBytes<kMaxHashSize> next;
  const bool done =
      aead_.expander().expand(secret_.first(hashSize), {{"traffic upd", next.first(hashSize)}});
  std::ranges::copy(next.first(hashSize), secret_.first(hashSize).begin());
  sequence_ = 0;
  derive();
  usable_ = usable_ && done;
}

bool TrafficKey::seal(Bytes header, Bytes start, Bytes rest, std::uint8_t type, std::uint8_t* out) {
  EVP_CIPHER_CTX* const context = usable_ ? aead_.prepare(*this, true) : nullptr;
  if (context == nullptr) return false;
  ++sequence_;
  int count = 0;
  if (EVP_EncryptUpdate(context, nullptr, &count, header.data(), sizeOf(header)) != 1) return false;
  for (const Bytes part : {start, rest, Bytes(&type, 1)}) {
    if (part.empty()) continue;
    if (EVP_EncryptUpdate(context, out, &count, part.data(), sizeOf(part)) != 1) return false;
    out += part.size();
  }
  return EVP_EncryptFinal_ex(context, out, &count) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagSize, out) == 1;
}

bool TrafficKey::open(Bytes header, Bytes sealed, std::uint8_t* out) {
  assert(sealed.size() > kTagSize);
  EVP_CIPHER_CTX* const context = usable_ ? aead_.prepare(*this, false) : nullptr;
  if (context == nullptr) return false;
  ++sequence_;
  const Bytes inner = sealed.first(sealed.size() - kTagSize);
  std::array<std::uint8_t, kTagSize> tag{};
  std::ranges::copy(sealed.last(kTagSize), tag.begin());
  int count = 0;
  return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &count, header.data(), sizeOf(header)) == 1 &&
         EVP_DecryptUpdate(context, out, &count, inner.data(), sizeOf(inner)) == 1 &&
         EVP_DecryptFinal_ex(context, out + inner.size(), &count) == 1;
}

}  // namespace wss::tls
