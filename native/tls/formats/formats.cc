// SPDX-License-Identifier: MIT
#include "tls/formats/formats.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <optional>

#include "tls/formats/der.h"
#include "tls/formats/password_cost.h"
#include "tls/formats/pem.h"
#include "tls/formats/private_key.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

using OwnedSealed = Owned<X509_SIG, X509_SIG_free>;
using OwnedPkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

/// Hands OpenSSL the password; the size of the buffer is its limit.
int givePassword(char* buffer, int size, int /*writing*/, void* argument) {
  const auto& password = *static_cast<const std::string_view*>(argument);
  if (password.size() > static_cast<std::size_t>(size)) return -1;
  std::ranges::copy(password, buffer);
  return static_cast<int>(password.size());
}

/// Decodes one certificate, trusted ones with what OpenSSL writes after them.
Opened addCertificate(Bytes der, Contents& contents, bool isTrusted = false) {
  if (!contents.takesCertificate()) return Opened::kTooMany;
  const unsigned char* at = der.data();
  const auto size = static_cast<long>(der.size());
  X509* const certificate =
      isTrusted ? d2i_X509_AUX(nullptr, &at, size) : d2i_X509(nullptr, &at, size);
  if (certificate == nullptr) return Opened::kDamaged;
  contents.certificates.emplace_back(certificate, X509_free);
  return Opened::kDone;
}

/// Whether `der` is a SEQUENCE that begins with another: a certificate, a public or a sealed key.
std::optional<DerReader> afterFirstSequence(Bytes der) {
  DerReader outer(der);
  const std::optional<Bytes> body = outer.take(Tag::kSequence);
  if (!body) return std::nullopt;
  DerReader reader(*body);
  if (!reader.take(Tag::kSequence)) return std::nullopt;
  return reader;
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1). Nobody decodes it: it is of no use.
bool isPublicKey(Bytes der) {
  std::optional<DerReader> reader = afterFirstSequence(der);
  return reader && reader->take(Tag::kBitString) && reader->atEnd();
}

/// Certificate (RFC 5280 §4.1).
bool isCertificate(Bytes der) {
  std::optional<DerReader> reader = afterFirstSequence(der);
  return reader && reader->take(Tag::kSequence) && reader->take(Tag::kBitString);
}

/// The SignedData of a ContentInfo (RFC 2315 §7, §9.1), behind its version; nothing when `der` is
/// none.
std::optional<DerReader> signedDataOf(Bytes der) {
  constexpr std::string_view kSignedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
  const std::optional<Bytes> info = DerReader(der).take(Tag::kSequence);
  if (!info) return std::nullopt;
  DerReader parts(*info);
  const std::optional<Bytes> type = parts.take(Tag::kObject);
  if (!type || wss::textOf(*type) != kSignedData) return std::nullopt;
  const std::optional<Bytes> content = parts.take(Tag::kContext0);
  if (!content) return std::nullopt;
  const std::optional<Bytes> signedData = DerReader(*content).take(Tag::kSequence);
  if (!signedData) return std::nullopt;
  DerReader reader(*signedData);
  if (!reader.take(Tag::kInteger)) return std::nullopt;
  return reader;
}

/// Certificate by certificate: OpenSSL would decode all, however many there are.
Opened addPkcs7(Bytes der, Contents& contents) {
  std::optional<DerReader> reader = signedDataOf(der);
  if (!reader) return Opened::kNotThis;
  reader->take(Tag::kSet);       // digestAlgorithms
  reader->take(Tag::kSequence);  // contentInfo
  DerReader certificates(reader->take(Tag::kContext0).value_or(Bytes()));
  while (!certificates.atEnd()) {
    const std::optional<Bytes> certificate = certificates.takeWhole();
    const Opened opened = certificate ? addCertificate(*certificate, contents) : Opened::kDamaged;
    if (opened != Opened::kDone) return opened;
  }
  return contents.empty() ? Opened::kDamaged : Opened::kDone;
}

Opened addSealedKey(const X509_SIG* sealed, std::string_view password, Contents& contents) {
  if (sealed == nullptr) return Opened::kNotThis;
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(sealed, &algorithm, nullptr);
  if (contents.withoutKeys) return Opened::kDone;
  if (!contents.takesKey()) return Opened::kTooMany;
  contents.cost += passwordCost(algorithm);
  if (contents.cost > kMaxPasswordCost) return Opened::kTooCostly;
  const OwnedPkcs8 opened(
      PKCS8_decrypt(sealed, password.data(), static_cast<int>(password.size())));
  if (opened == nullptr) return Opened::kWrongPassword;
  return addPrivateKey(opened.get(), contents);
}

/// A key in a block of its own kind, such as "RSA PRIVATE KEY", perhaps encrypted (RFC 1421).
Opened addKeyBlock(PemBlock& block, std::string_view password, Contents& contents) {
  if (contents.withoutKeys) return Opened::kDone;
  EVP_CIPHER_INFO cipher;
  if (PEM_get_EVP_CIPHER_INFO(block.header.data(), &cipher) != 1) return Opened::kDamaged;
  auto size = static_cast<long>(block.data.size());
  // Without a header the key is not encrypted: this call leaves it as it is.
  if (PEM_do_header(&cipher, block.data.data(), &size, givePassword, &password) != 1) {
    return Opened::kWrongPassword;
  }
  const Opened opened =
      addPrivateKey(Bytes(block.data).first(static_cast<std::size_t>(size)), contents);
  // With a wrong password the padding is right by chance once in 256 times.
  if (opened == Opened::kNotThis || opened == Opened::kDamaged) {
    return cipher.cipher == nullptr ? Opened::kDamaged : Opened::kWrongPassword;
  }
  return opened;
}

Opened addBlock(PemBlock& block, std::string_view password, Contents& contents) {
  const std::string_view name = block.name;
  if (block.isDamaged) return Opened::kDamaged;
  if (name == PEM_STRING_PKCS8) {
    const unsigned char* at = block.data.data();
    const OwnedSealed sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(block.data.size())));
    const Opened opened = addSealedKey(sealed.get(), password, contents);
    return opened == Opened::kNotThis ? Opened::kDamaged : opened;
  }
  if (name == "OPENSSH PRIVATE KEY") return Opened::kOpenSshKey;
  if (name.ends_with("PRIVATE KEY")) return addKeyBlock(block, password, contents);
  if (name == PEM_STRING_X509 || name == PEM_STRING_X509_OLD || name == PEM_STRING_X509_TRUSTED) {
    return addCertificate(block.data, contents, name == PEM_STRING_X509_TRUSTED);
  }
  if (name == PEM_STRING_PKCS7) {
    const Opened opened = addPkcs7(block.data, contents);
    return opened == Opened::kNotThis ? Opened::kDamaged : opened;
  }
  if (name.ends_with("PUBLIC KEY")) ++contents.publicKeys;
  return Opened::kDone;  // Parameters, requests: not what we look for.
}

}  // namespace

Opened readPem(Bytes bytes, std::string_view password, Contents& contents) {
  const CleanErrors errors;
  PemReader reader(wss::textOf(bytes));
  Opened result = Opened::kNotThis;
  for (;;) {
    PemBlock block;
    if (!reader.read(block)) break;
    result = addBlock(block, password, contents);
    if (result != Opened::kDone) return result;
  }
  return result == Opened::kDone && contents.empty() ? Opened::kNotThis : result;
}

Opened readDer(Bytes bytes, std::string_view password, Contents& contents) {
  const CleanErrors errors;
  if (isCertificate(bytes)) {
    const Opened opened = addCertificate(bytes, contents);
    // The form is that of requests and revocation lists, too.
    return opened == Opened::kDamaged ? Opened::kNotThis : opened;
  }
  if (isPublicKey(bytes)) {
    ++contents.publicKeys;
    return Opened::kDone;
  }
  if (const Opened opened = addPrivateKey(bytes, contents); opened != Opened::kNotThis) {
    return opened;
  }
  const unsigned char* at = bytes.data();
  const OwnedSealed sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(bytes.size())));
  return addSealedKey(sealed.get(), password, contents);
}

Opened readPkcs7(Bytes bytes, Contents& contents) {
  const CleanErrors errors;
  return addPkcs7(bytes, contents);
}

}  // namespace wss::tls
