// SPDX-License-Identifier: MIT
#include "tls/records/key_schedule.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cassert>

namespace wss::tls {
namespace {

constexpr std::string_view kOfClient = "CLIENT_TRAFFIC_SECRET_0 ";
constexpr std::string_view kOfServer = "SERVER_TRAFFIC_SECRET_0 ";

/// 16 and more for what is no hexadecimal digit.
unsigned digitOf(char digit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return static_cast<unsigned>(std::min(kDigits.find(digit), kDigits.size()));
}

/// How many bytes there were in `digits`; 0 when they are no hexadecimal digits, or too many.
std::size_t unhex(std::string_view digits, MutableBytes out) {
  const std::size_t size = digits.size() / 2;
  if (digits.size() % 2 != 0 || size > out.size()) return 0;
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned high = digitOf(digits[2 * i]);
    const unsigned low = digitOf(digits[2 * i + 1]);
    if (high > 15 || low > 15) return 0;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return size;
}

}  // namespace

void wipe(MutableBytes bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

void TrafficSecrets::onKeyLog(std::string_view line) {
  const bool ofServer = line.starts_with(kOfServer);
  if (!ofServer && !line.starts_with(kOfClient)) return;
  // Label, client random, secret.
  const std::string_view digits = line.substr(line.rfind(' ') + 1);
  size_ = unhex(digits, (ofServer ? server_ : client_).first(kMaxHashSize));
  (ofServer ? ofServer_ : ofClient_) = size_ > 0;
  // The key is told of when it comes into use.
  if (ofServer) sent_ = 0;
}

void Expander::FreeMac::operator()(evp_mac_ctx_st* mac) const { EVP_MAC_CTX_free(mac); }

Expander::Expander(const char* hash, std::size_t hashSize) : hashSize_(hashSize) {
  EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  hmac_.reset(EVP_MAC_CTX_new(algorithm));  // counts the algorithm
  EVP_MAC_free(algorithm);
  // OpenSSL only reads it; the parameter is not const because others are written.
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_end(),
  };
  if (hmac_ != nullptr && EVP_MAC_CTX_set_params(hmac_.get(), parameters.data()) != 1) {
    hmac_.reset();
  }
}

bool Expander::expand(Bytes secret, std::initializer_list<Output> outputs) {
  if (hmac_ == nullptr) return false;
  bool done = EVP_MAC_init(hmac_.get(), secret.data(), secret.size(), nullptr) == 1;
  for (const Output& output : outputs) {
    // Without a key: once more with the one that is there.
    const bool isFirst = &output == outputs.begin();
    done = done && (isFirst || EVP_MAC_init(hmac_.get(), nullptr, 0, nullptr) == 1) &&
           expandOne(output);
  }
  // Another key takes the place of the secret.
  constexpr std::uint8_t kNoSecret = 0;
  return EVP_MAC_init(hmac_.get(), &kNoSecret, sizeof kNoSecret, nullptr) == 1 && done;
}

bool Expander::expandOne(const Output& output) {
  constexpr std::string_view kPrefix = "tls13 ";
  constexpr std::size_t kMaxLabel = 12;
  const auto& [label, out] = output;
  assert(label.size() <= kMaxLabel);
  assert(out.size() <= hashSize_);

  // RFC 5869 §2.3: so short an output is T(1), the HMAC of HkdfLabel and a 1.
  std::array<std::uint8_t, 2 + 1 + kPrefix.size() + kMaxLabel + 1 + 1> info{};
  auto end = info.begin();
  *end++ = static_cast<std::uint8_t>(out.size() >> 8);
  *end++ = static_cast<std::uint8_t>(out.size());
  *end++ = static_cast<std::uint8_t>(kPrefix.size() + label.size());
  end = std::ranges::copy(kPrefix, end).out;
  end = std::ranges::copy(label, end).out;
  *end++ = 0;
  *end++ = 1;

  SecretBytes<EVP_MAX_MD_SIZE> made;
  std::size_t size = 0;
  const bool done =
      EVP_MAC_update(hmac_.get(), info.data(), static_cast<std::size_t>(end - info.begin())) == 1 &&
      EVP_MAC_final(hmac_.get(), made.first(EVP_MAX_MD_SIZE).data(), &size, EVP_MAX_MD_SIZE) == 1;
  std::ranges::copy(made.first(out.size()), out.begin());
  return done;
}

}  // namespace wss::tls
