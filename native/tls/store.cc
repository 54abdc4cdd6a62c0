// SPDX-License-Identifier: MIT
#include "tls/store.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "tls/formats.h"
#include "tls/openssl.h"

namespace wss::tls {
namespace {

/// No certificate store of a server is larger.
constexpr std::size_t kMaxStoreSize = std::size_t{16} * 1024 * 1024;

enum class Format { kPem, kPfx, kP7b, kPublicKey, kAny };

struct TypeRow {
  StoreType type;
  Format format;
  bool isFile;
};

constexpr TypeRow kTypes[] = {
    {StoreType::kPfxFile, Format::kPfx, true},
    {StoreType::kPfxBlob, Format::kPfx, false},
    {StoreType::kPemKeyFile, Format::kPem, true},
    {StoreType::kPemKeyBlob, Format::kPem, false},
    {StoreType::kPublicKeyFile, Format::kPublicKey, true},
    {StoreType::kPublicKeyBlob, Format::kPublicKey, false},
    {StoreType::kP7bFile, Format::kP7b, true},
    {StoreType::kP7bBlob, Format::kP7b, false},
};

struct ReasonRow {
  StoreType type;
  std::string_view reason;
};

/// Why a type cannot be opened here.
constexpr ReasonRow kUnavailable[] = {
    {StoreType::kUser, "The user's store is a thing of Windows; give a file or its contents."},
    {StoreType::kMachine,
     "The machine's store is a thing of Windows; give a file or its contents."},
    {StoreType::kSecurityKey, "A security key is reached through PKCS#11; use type 23."},
    {StoreType::kBcfksFile, "A BCFKS file can only be read by Java; convert it to PFX."},
    {StoreType::kBcfksBlob, "A BCFKS store can only be read by Java; convert it to PFX."},
};

Error notOpened(std::string_view detail) {
  return makeError(ErrorCode::kCertificateStoreNotOpened, detail);
}

using Buffer = std::vector<std::uint8_t>;

Result<Buffer> readFile(const std::string& path) {
  std::error_code failure;
  const std::filesystem::path file(path);
  if (!std::filesystem::is_regular_file(file, failure)) {
    return notOpened("There is no such file.");
  }
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  if (failure || size > kMaxStoreSize) {
    return notOpened("The file is larger than the 16 MiB that a store may have.");
  }
  std::ifstream stream(file, std::ios::binary);
  Buffer bytes(static_cast<std::size_t>(size));
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream) return notOpened("The file cannot be read.");
  return bytes;
}

Opened readAs(Format format, Bytes bytes, std::string_view password, Contents& contents) {
  switch (format) {
    case Format::kPem: {
      const Opened opened = readPem(bytes, password, contents);
      return opened == Opened::kNotThis ? readDer(bytes, password, contents) : opened;
    }
    case Format::kPfx:
      return readPfx(bytes, password, contents);
    case Format::kP7b: {
      const Opened opened = readPkcs7(bytes, contents);
      return opened == Opened::kNotThis ? readPem(bytes, password, contents) : opened;
    }
    case Format::kPublicKey: {
      const Opened opened = readAs(Format::kPem, bytes, password, contents);
      contents.keys.clear();
      return opened;
    }
    case Format::kAny:
      break;
  }
  for (const Format each : {Format::kPem, Format::kPfx, Format::kP7b}) {
    const Opened opened = readAs(each, bytes, password, contents);
    if (opened != Opened::kNotThis) return opened;
  }
  return Opened::kNotThis;
}

/// Reads bytes that may be Base64 of what is looked for.
Opened readEncoded(Format format, Bytes bytes, std::string_view password, Contents& contents) {
  const Opened opened = readAs(format, bytes, password, contents);
  if (opened != Opened::kNotThis) return opened;
  Buffer decoded = base64Decode(wss::textOf(bytes));
  if (decoded.empty()) return opened;
  const Opened second = readAs(format, decoded, password, contents);
  OPENSSL_cleanse(decoded.data(), decoded.size());
  return second;
}

Result<Contents> judged(Opened opened, Contents contents) {
  switch (opened) {
    case Opened::kDone:
      return contents;
    case Opened::kWrongPassword:
      return makeError(ErrorCode::kNoSecurityCredentials, "The password does not open the store.");
    case Opened::kDamaged:
      return notOpened("It is damaged, or locked in a way that OpenSSL does not know.");
    case Opened::kNotThis:
      break;
  }
  return notOpened("It is not of the type that was given, or empty.");
}

Result<Contents> readFileAs(Format format, const Store& store) {
  Result<Buffer> file = readFile(std::string(wss::textOf(store.data)));
  if (!file.ok()) return file.error();
  Contents contents;
  const Opened opened = readEncoded(format, file.value(), store.password, contents);
  OPENSSL_cleanse(file.value().data(), file.value().size());
  return judged(opened, std::move(contents));
}

Result<Contents> readBlobAs(Format format, const Store& store) {
  if (store.data.size() > kMaxStoreSize) {
    return notOpened("It is larger than the 16 MiB that a store may have.");
  }
  Contents contents;
  const Opened opened = readEncoded(format, store.data, store.password, contents);
  return judged(opened, std::move(contents));
}

bool isFileName(Bytes data) {
  constexpr std::size_t kMaxPath = 4096;
  std::error_code failure;
  return data.size() <= kMaxPath && std::ranges::find(data, 0) == data.end() &&
         std::filesystem::is_regular_file(std::string(wss::textOf(data)), failure);
}

Result<Contents> readContents(const Store& store) {
  if (store.data.empty()) return notOpened("No store has been given.");
  if (store.type == StoreType::kAuto) {
    return isFileName(store.data) ? readFileAs(Format::kAny, store)
                                  : readBlobAs(Format::kAny, store);
  }
  const auto* const row = std::ranges::find(kTypes, store.type, &TypeRow::type);
  if (row != std::end(kTypes)) {
    return row->isFile ? readFileAs(row->format, store) : readBlobAs(row->format, store);
  }
  const auto* const why = std::ranges::find(kUnavailable, store.type, &ReasonRow::type);
  return notOpened(why == std::end(kUnavailable) ? "This type of store is not supported."
                                                 : why->reason);
}

/// The certificates between `leaf` and its authority, as far as the store has them.
std::vector<Certificate::X509> chainOf(const Certificate::X509& leaf, const Contents& contents) {
  std::vector<Certificate::X509> chain;
  Certificate::X509 last = leaf;
  // A chain without end, and a certificate that is its own issuer, must end too.
  while (chain.size() < contents.certificates.size()) {
    const auto issuer =
        std::ranges::find_if(contents.certificates, [&](const Certificate::X509& candidate) {
          return candidate != last && X509_check_issued(candidate.get(), last.get()) == X509_V_OK;
        });
    const bool isSelfSigned = X509_check_issued(last.get(), last.get()) == X509_V_OK;
    if (issuer == contents.certificates.end() || isSelfSigned) break;
    chain.push_back(*issuer);
    last = *issuer;
  }
  return chain;
}

Certificate::Key keyOf(const Certificate::X509& certificate, const Contents& contents) {
  const CleanErrors errors;
  const EVP_PKEY* const wanted = X509_get0_pubkey(certificate.get());
  for (const Certificate::Key& key : contents.keys) {
    if (wanted != nullptr && EVP_PKEY_eq(wanted, key.get()) == 1) return key;
  }
  return nullptr;
}

}  // namespace

Result<std::vector<Certificate>> readStore(const Store& store) {
  Result<Contents> read = readContents(store);
  if (!read.ok()) return read.error();
  const Contents& contents = read.value();
  std::vector<Certificate> certificates;
  std::vector<Certificate> withoutKey;
  for (const Certificate::X509& leaf : contents.certificates) {
    Certificate::Key key = keyOf(leaf, contents);
    std::vector<Certificate>& place = key == nullptr ? withoutKey : certificates;
    place.emplace_back(leaf, std::move(key), chainOf(leaf, contents));
  }
  std::ranges::move(withoutKey, std::back_inserter(certificates));
  return certificates;
}

Result<Certificate> findCertificate(const Store& store, std::string_view subject) {
  Result<std::vector<Certificate>> read = readStore(store);
  if (!read.ok()) return read.error();
  if (read.value().empty()) {
    return makeError(ErrorCode::kCertificateNotFound,
                     "The store holds a private key, but no certificate.");
  }
  const Certificate* const found = findSubject(read.value(), subject);
  if (found == nullptr) return makeError(ErrorCode::kCertificateNotFound);
  return *found;
}

Result<Certificate> findKey(const Store& store, Bytes encoded) {
  Contents given;
  if (readEncoded(Format::kPublicKey, encoded, {}, given) != Opened::kDone ||
      given.certificates.empty()) {
    return makeError(ErrorCode::kCertificateNotFound, "What was given is no certificate.");
  }
  Result<Contents> read = readContents(store);
  if (!read.ok()) return read.error();
  Contents& contents = read.value();
  const Certificate::X509& leaf = given.certificates.front();
  Certificate::Key key = keyOf(leaf, contents);
  if (key == nullptr) {
    return makeError(ErrorCode::kNoSecurityCredentials,
                     "The store does not hold the private key of the certificate.");
  }
  std::ranges::copy(given.certificates, std::back_inserter(contents.certificates));
  return Certificate(leaf, std::move(key), chainOf(leaf, contents));
}

}  // namespace wss::tls
