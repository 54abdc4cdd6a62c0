// SPDX-License-Identifier: MIT
// An OpenSSL provider (provider-kdf(7)) with the one algorithm TLS13-KDF. Hashes are called
// directly: what there is for all of them looks them up first.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/records/tls13_kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/sha.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "tls/openssl/openssl.h"
#include "tls/records/key_schedule.h"

namespace wss::tls {
namespace {

constexpr const char* kName = "native-wsserver";
// A property of our own. To ask for the provider by name would replace the process's own wishes for
// providers (FIPS, say) in everything that an SSL_CTX fetches.
constexpr const char* kProperties = "provider=native-wsserver,native_wsserver.kdf=yes";
constexpr const char* kQuery = "?native_wsserver.kdf=yes";

struct Sha256 {
  static constexpr std::size_t kSize = SHA256_DIGEST_LENGTH;
  static constexpr std::size_t kBlockSize = SHA256_CBLOCK;
  using State = SHA256_CTX;
  static constexpr auto init = SHA256_Init;
  static constexpr auto update = SHA256_Update;
  static constexpr auto final = SHA256_Final;
};

struct Sha384 {
  static constexpr std::size_t kSize = SHA384_DIGEST_LENGTH;
  static constexpr std::size_t kBlockSize = SHA512_CBLOCK;
  using State = SHA512_CTX;
  static constexpr auto init = SHA384_Init;
  static constexpr auto update = SHA384_Update;
  static constexpr auto final = SHA384_Final;
};

using Parts = std::initializer_list<Bytes>;

/// The hash of `pad` and `parts`. `out` may be one of them.
template <typename Hash>
void hashOf(Bytes pad, Parts parts, std::uint8_t* out) {
  typename Hash::State state;
  Hash::init(&state);
  Hash::update(&state, pad.data(), pad.size());
  for (const Bytes part : parts) Hash::update(&state, part.data(), part.size());
  Hash::final(out, &state);
  wipe({reinterpret_cast<std::uint8_t*>(&state), sizeof state});
}

/// RFC 2104. REQUIRES that `key` is no longer than a block.
template <typename Hash>
void hmac(Bytes key, Parts parts, std::uint8_t* out) {
  SecretBytes<Hash::kBlockSize> block;
  const MutableBytes pad = block.first(Hash::kBlockSize);
  std::ranges::copy(key, pad.begin());
  for (std::uint8_t& byte : pad) byte ^= 0x36;
  hashOf<Hash>(pad, parts, out);
  for (std::uint8_t& byte : pad) byte ^= 0x36 ^ 0x5c;
  hashOf<Hash>(pad, {Bytes(out, Hash::kSize)}, out);
}

/// What a derivation is made of: OpenSSL's parameters.
struct Input {
  int mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
  std::size_t hashSize = 0;  ///< 0: none is known
  Bytes key, salt, prefix, label, data;

  /// False when one of them has the wrong type, or the key is there and empty.
  bool read(const OSSL_PARAM* parameters);
};

std::size_t hashSizeOf(std::string_view name) {
  const auto isOneOf = [name](std::initializer_list<std::string_view> known) {
    return std::ranges::any_of(known, [name](std::string_view one) {
      return one.size() == name.size() &&
             OPENSSL_strncasecmp(one.data(), name.data(), name.size()) == 0;
    });
  };
  if (isOneOf({"SHA256", "SHA2-256", "SHA-256"})) return Sha256::kSize;
  return isOneOf({"SHA384", "SHA2-384", "SHA-384"}) ? Sha384::kSize : 0;
}

bool Input::read(const OSSL_PARAM* parameters) {
  if (parameters == nullptr) return true;
  struct Row {
    const char* name;
    Bytes* place;
  };
  const Row rows[] = {{OSSL_KDF_PARAM_KEY, &key},
                      {OSSL_KDF_PARAM_SALT, &salt},
                      {OSSL_KDF_PARAM_PREFIX, &prefix},
                      {OSSL_KDF_PARAM_LABEL, &label},
                      {OSSL_KDF_PARAM_DATA, &data}};
  for (; parameters->key != nullptr; ++parameters) {
    const std::string_view name = parameters->key;
    const auto* const bytes = static_cast<const std::uint8_t*>(parameters->data);
    if (name == OSSL_KDF_PARAM_MODE) {
      if (OSSL_PARAM_get_int(parameters, &mode) != 1) return false;
    } else if (name == OSSL_KDF_PARAM_DIGEST) {
      if (parameters->data_type != OSSL_PARAM_UTF8_STRING) return false;
      hashSize = hashSizeOf({static_cast<const char*>(parameters->data), parameters->data_size});
    } else if (const auto* const row = std::ranges::find(rows, name, &Row::name);
               row != std::end(rows)) {
      if (parameters->data_type != OSSL_PARAM_OCTET_STRING) return false;
      *row->place = Bytes(bytes, parameters->data_size);
      if (row->place == &key && key.empty()) return false;
    }
  }
  return true;
}

/// HKDF-Expand-Label. False when one of its lengths does not fit.
template <typename Hash>
bool expand(Bytes secret, const Input& input, Bytes context, MutableBytes out) {
  const std::size_t labelSize = input.prefix.size() + input.label.size();
  const bool fits = secret.size() <= Hash::kBlockSize && labelSize <= 255 &&
                    context.size() <= 255 && out.size() <= 255 * Hash::kSize;
  if (!fits) return false;
  const std::uint8_t start[] = {static_cast<std::uint8_t>(out.size() >> 8),
                                static_cast<std::uint8_t>(out.size()),
                                static_cast<std::uint8_t>(labelSize)};
  const auto contextSize = static_cast<std::uint8_t>(context.size());
  SecretBytes<Hash::kSize> made;
  Bytes before;
  for (std::uint8_t index = 1; !out.empty(); ++index) {
    hmac<Hash>(secret,
               {before, start, input.prefix, input.label, Bytes(&contextSize, 1), context,
                Bytes(&index, 1)},
               made.first(Hash::kSize).data());
    before = made.first(Hash::kSize);
    const std::size_t count = std::min(out.size(), Hash::kSize);
    std::ranges::copy(before.first(count), out.begin());
    out = out.subspan(count);
  }
  return true;
}

/// HKDF-Extract, of what Derive-Secret makes of the salt if there is one.
template <typename Hash>
bool extract(const Input& input, MutableBytes out) {
  if (out.size() != Hash::kSize) return false;
  SecretBytes<Hash::kSize> derived;
  MutableBytes salt = derived.first(0);
  if (!input.salt.empty()) {
    std::uint8_t ofNothing[Hash::kSize];
    hashOf<Hash>({}, {}, ofNothing);
    salt = derived.first(Hash::kSize);
    if (!expand<Hash>(input.salt, input, ofNothing, salt)) return false;
  }
  constexpr std::uint8_t kZeros[Hash::kSize] = {};
  hmac<Hash>(salt, {input.key.empty() ? Bytes(kZeros) : input.key}, out.data());
  return true;
}

template <typename Hash>
bool derive(const Input& input, MutableBytes out) {
  switch (input.mode) {
    case EVP_KDF_HKDF_MODE_EXTRACT_ONLY:
      return extract<Hash>(input, out);
    case EVP_KDF_HKDF_MODE_EXPAND_ONLY:
      return !input.key.empty() && expand<Hash>(input.key, input, input.data, out);
    default:
      return false;
  }
}

// As OpenSSL calls it: all parameters come with the call, so there is no state.

void* newContext(void* provider) { return provider; }

void freeContext(void* /*context*/) {}

int deriveKey(void* /*context*/, std::uint8_t* out, std::size_t size,
              const OSSL_PARAM* parameters) {
  Input input;
  if (!input.read(parameters)) return 0;
  if (input.hashSize == Sha256::kSize) return derive<Sha256>(input, {out, size}) ? 1 : 0;
  if (input.hashSize == Sha384::kSize) return derive<Sha384>(input, {out, size}) ? 1 : 0;
  return 0;
}

template <typename Function>
constexpr OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* algorithmsFor(void* /*provider*/, int operation, int* dontCache) {
  static const OSSL_DISPATCH functions[] = {
      entry(OSSL_FUNC_KDF_NEWCTX, newContext),
      entry(OSSL_FUNC_KDF_FREECTX, freeContext),
      entry(OSSL_FUNC_KDF_DERIVE, deriveKey),
      {0, nullptr},
  };
  static const OSSL_ALGORITHM algorithms[] = {
      {OSSL_KDF_NAME_TLS1_3_KDF, kProperties, functions, nullptr},
      {nullptr, nullptr, nullptr, nullptr},
  };
  *dontCache = 0;
  return operation == OSSL_OP_KDF ? algorithms : nullptr;
}

int start(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* /*core*/,
          const OSSL_DISPATCH** provided, void** context) {
  static const OSSL_DISPATCH functions[] = {
      entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, algorithmsFor),
      {0, nullptr},
  };
  *provided = functions;
  *context = const_cast<OSSL_CORE_HANDLE*>(handle);
  return 1;
}

}  // namespace

const char* keyDerivation() {
  const CleanErrors errors;
  // Once a process. It comes after the default provider, which stays the one for everybody else.
  static const OSSL_PROVIDER* const provider =
      OSSL_PROVIDER_available(nullptr, "default") == 1 &&
              OSSL_PROVIDER_add_builtin(nullptr, kName, start) == 1
          ? OSSL_PROVIDER_try_load(nullptr, kName, 1)
          : nullptr;
  return provider == nullptr ? nullptr : kQuery;
}

}  // namespace wss::tls
