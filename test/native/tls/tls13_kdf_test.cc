// SPDX-License-Identifier: MIT
// Our derivation of keys against OpenSSL's own, as OpenSSL calls it.
#include "tls/records/tls13_kdf.h"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

struct Inputs {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string hash = "SHA256";
  std::optional<std::string> key, salt, prefix, label, data;
  std::size_t size = 32;
};

/// What comes of them by the algorithm that `query` finds; nothing when it fails.
std::optional<std::string> derive(const char* query, Inputs inputs) {
  const CleanErrors errors;
  const Owned<EVP_KDF, EVP_KDF_free> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, query));
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

  std::string out(inputs.size, '\0');
  auto* const bytes = reinterpret_cast<std::uint8_t*>(out.data());
  if (EVP_KDF_derive(context.get(), bytes, out.size(), parameters.data()) != 1) return std::nullopt;
  return out;
}

constexpr const char* kOurs = "provider=native-wsserver";
constexpr const char* kTheirs = "provider=default";

TEST_CASE("keys are derived as OpenSSL derives them") {
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
    CHECK(derive(kOurs, inputs) == expected);
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
    return !derive(kOurs, bad);
  };
  CHECK(refused([](Inputs& bad) { bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND; }));
  CHECK(refused([](Inputs& bad) { bad.hash = "SHA1"; }));
  CHECK(refused([](Inputs& bad) { bad.key.reset(); }));
  CHECK(refused([](Inputs& bad) { bad.key = ""; }));
  CHECK(refused([](Inputs& bad) { bad.key = std::string(65, 'k'); }));
  CHECK(refused([](Inputs& bad) { bad.label = std::string(250, 'l'); }));
  CHECK(refused([](Inputs& bad) { bad.data = std::string(256, 'd'); }));
  CHECK(refused([](Inputs& bad) { bad.size = 255 * 32 + 1; }));
  CHECK(refused([](Inputs& bad) {
    bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    bad.size = 31;
  }));
}

/// Who derives for `query`; empty: nobody.
std::string providerFor(const char* query) {
  const CleanErrors errors;
  const Owned<EVP_KDF, EVP_KDF_free> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, query));
  return kdf == nullptr ? "" : OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf.get()));
}

TEST_CASE("only who asks for it gets it, and what the process wants of providers goes first") {
  REQUIRE(keyDerivation() != nullptr);
  CHECK(providerFor(nullptr) == "default");
  CHECK(providerFor(keyDerivation()) == "native-wsserver");
  for (const char* const wanted : {"provider=legacy", "fips=yes"}) {
    CAPTURE(wanted);
    EVP_set_default_properties(nullptr, wanted);
    const Owned<EVP_MD, EVP_MD_free> hash(EVP_MD_fetch(nullptr, "SHA256", keyDerivation()));
    const std::string provider = providerFor(keyDerivation());
    EVP_set_default_properties(nullptr, "");
    ERR_clear_error();
    CHECK(hash == nullptr);
    CHECK(provider.empty());
  }
}

}  // namespace
}  // namespace wss::tls
