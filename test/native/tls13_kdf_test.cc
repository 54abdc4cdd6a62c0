// SPDX-License-Identifier: MIT
// Our derivation of keys against OpenSSL's own, as OpenSSL calls it.
#include "tls/tls13_kdf.h"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tls/openssl.h"

namespace wss::tls {
namespace {

struct Inputs {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string hash = "SHA256";
  std::optional<std::string> key, salt, prefix, label, data;
  std::size_t size = 32;
};

/// How the parameters are given: with the call, before it, or in two parts.
enum class Given { kAtOnce, kBefore, kInParts };

/// What `provider` makes of them; nothing when it fails.
std::optional<std::string> derive(const char* provider, Inputs inputs,
                                  Given given = Given::kAtOnce) {
  const CleanErrors errors;
  const Owned<EVP_KDF, EVP_KDF_free> kdf(
      EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, provider));
  REQUIRE(kdf != nullptr);
  const Owned<EVP_KDF_CTX, EVP_KDF_CTX_free> context(EVP_KDF_CTX_new(kdf.get()));
  REQUIRE(context != nullptr);
  std::vector<OSSL_PARAM> parameters = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &inputs.mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, inputs.hash.data(), 0)};
  const auto add = [&](const char* name, std::optional<std::string>& value) {
    if (!value) return;
    parameters.push_back(OSSL_PARAM_construct_octet_string(name, value->data(), value->size()));
  };
  add(OSSL_KDF_PARAM_KEY, inputs.key);
  add(OSSL_KDF_PARAM_SALT, inputs.salt);
  add(OSSL_KDF_PARAM_PREFIX, inputs.prefix);
  add(OSSL_KDF_PARAM_LABEL, inputs.label);
  add(OSSL_KDF_PARAM_DATA, inputs.data);
  parameters.push_back(OSSL_PARAM_construct_end());

  const OSSL_PARAM* rest = parameters.data();
  std::array<OSSL_PARAM, 4> first = {parameters[0], parameters[1], parameters[2],
                                     OSSL_PARAM_construct_end()};
  if (given == Given::kBefore) {
    if (EVP_KDF_CTX_set_params(context.get(), parameters.data()) != 1) return std::nullopt;
    rest = nullptr;
  } else if (given == Given::kInParts && parameters.size() > 4) {
    if (EVP_KDF_CTX_set_params(context.get(), first.data()) != 1) return std::nullopt;
    rest += 3;
  }
  std::string out(inputs.size, '\0');
  auto* const bytes = reinterpret_cast<std::uint8_t*>(out.data());
  if (EVP_KDF_derive(context.get(), bytes, out.size(), rest) != 1) return std::nullopt;
  return out;
}

constexpr const char* kOurs = "provider=native-wsserver";
constexpr const char* kTheirs = "provider=default";

TEST_CASE("keys are derived as OpenSSL derives them, however it is asked") {
  REQUIRE(keyDerivation() != nullptr);
  std::mt19937 random(1);
  const auto bytes = [&](std::size_t size) {
    std::string made(size, '\0');
    for (char& byte : made) byte = static_cast<char>(random());
    return made;
  };
  for (int round = 0; round < 500; ++round) {
    CAPTURE(round);
    const bool isLong = random() % 2 == 0;
    const std::size_t hashSize = isLong ? 48 : 32;
    Inputs inputs;
    inputs.hash = isLong ? "SHA384" : "SHA2-256";
    inputs.prefix = "tls13 ";
    inputs.label = bytes(1 + random() % 12);
    if (random() % 3 == 0) {
      inputs.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
      inputs.size = hashSize;
      // Shared secrets may be long: those of FFDHE are.
      if (random() % 4 != 0) inputs.key = bytes(1 + random() % 300);
      if (random() % 4 != 0) inputs.salt = bytes(hashSize);
    } else {
      inputs.size = 1 + random() % 200;
      inputs.key = bytes(hashSize);
      if (random() % 3 != 0) inputs.data = bytes(1 + random() % 64);
    }
    const auto expected = derive(kTheirs, inputs);
    REQUIRE(expected);
    for (const Given given : {Given::kAtOnce, Given::kBefore, Given::kInParts}) {
      CHECK(derive(kOurs, inputs, given) == expected);
    }
  }
}

TEST_CASE("what makes no sense is refused") {
  REQUIRE(keyDerivation() != nullptr);
  Inputs good;
  good.key = std::string(32, 'k');
  good.prefix = "tls13 ";
  good.label = "key";
  REQUIRE(derive(kOurs, good));
  const auto refused = [&](auto change) {
    Inputs bad = good;
    change(bad);
    return !derive(kOurs, bad) && !derive(kOurs, bad, Given::kBefore);
  };
  CHECK(refused([](Inputs& bad) { bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND; }));
  CHECK(refused([](Inputs& bad) { bad.hash = "SHA1"; }));
  CHECK(refused([](Inputs& bad) { bad.key.reset(); }));
  CHECK(refused([](Inputs& bad) { bad.key = std::string(65, 'k'); }));
  CHECK(refused([](Inputs& bad) { bad.label = std::string(250, 'l'); }));
  CHECK(refused([](Inputs& bad) { bad.data = std::string(256, 'd'); }));
  CHECK(refused([](Inputs& bad) { bad.size = 255 * 32 + 1; }));
  CHECK(refused([](Inputs& bad) {
    bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    bad.size = 31;
  }));
}

TEST_CASE("others still get OpenSSL's own") {
  REQUIRE(keyDerivation() != nullptr);
  const Owned<EVP_KDF, EVP_KDF_free> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, nullptr));
  REQUIRE(kdf != nullptr);
  CHECK(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf.get())) == std::string("default"));
  const Owned<EVP_KDF, EVP_KDF_free> ours(
      EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, keyDerivation()));
  REQUIRE(ours != nullptr);
  CHECK(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(ours.get())) ==
        std::string("native-wsserver"));
}

}  // namespace
}  // namespace wss::tls
