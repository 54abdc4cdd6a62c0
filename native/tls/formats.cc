// SPDX-License-Identifier: MIT
#include "tls/formats.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#include <algorithm>

#include "tls/openssl.h"
#include "tls/rounds.h"

namespace wss::tls {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kSpace = " \t\r\n";

using OwnedPkcs7 = Owned<PKCS7, PKCS7_free>;
using OwnedSealed = Owned<X509_SIG, X509_SIG_free>;
using OwnedPkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

/// One block as PEM_read_bio() gives it.
struct PemBlock {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
};

/// Hands OpenSSL the password; the size of the buffer is its limit.
int givePassword(char* buffer, int size, int /*writing*/, void* argument) {
  const auto& password = *static_cast<const std::string_view*>(argument);
  if (password.size() > static_cast<std::size_t>(size)) return -1;
  std::ranges::copy(password, buffer);
  return static_cast<int>(password.size());
}

void addCertificate(OwnedX509 certificate, Contents& contents) {
  contents.certificates.emplace_back(certificate.release(), X509_free);
}

Opened addKey(OwnedKey key, Contents& contents) {
  if (key == nullptr || EVP_PKEY_get_bits(key.get()) > kMaxKeyBits) return Opened::kDamaged;
  contents.keys.emplace_back(key.release(), EVP_PKEY_free);
  return Opened::kDone;
}

Opened addPkcs7(const PKCS7* pkcs7, Contents& contents) {
  if (pkcs7 == nullptr || !PKCS7_type_is_signed(pkcs7)) return Opened::kNotThis;
  const STACK_OF(X509)* const certificates = pkcs7->d.sign->cert;
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    X509* const certificate = sk_X509_value(certificates, i);
    X509_up_ref(certificate);
    addCertificate(OwnedX509(certificate), contents);
  }
  return contents.empty() ? Opened::kDamaged : Opened::kDone;
}

Opened addSealedKey(const X509_SIG* sealed, std::string_view password, Contents& contents) {
  if (sealed == nullptr) return Opened::kNotThis;
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(sealed, &algorithm, nullptr);
  contents.rounds += roundsOf(algorithm);
  if (contents.rounds > kMaxRounds) return Opened::kTooCostly;
  const OwnedPkcs8 opened(
      PKCS8_decrypt(sealed, password.data(), static_cast<int>(password.size())));
  if (opened == nullptr) return Opened::kWrongPassword;
  return addKey(OwnedKey(EVP_PKCS82PKEY(opened.get())), contents);
}

Opened addBlock(PemBlock& block, std::string_view password, Contents& contents) {
  const std::string_view name = block.name;
  const bool isKey = name.ends_with("PRIVATE KEY");
  const unsigned char* at = block.data;
  if (name == PEM_STRING_PKCS8) {
    const OwnedSealed sealed(d2i_X509_SIG(nullptr, &at, block.size));
    const Opened opened = addSealedKey(sealed.get(), password, contents);
    return opened == Opened::kNotThis ? Opened::kDamaged : opened;
  }
  if (name == "OPENSSH PRIVATE KEY") return Opened::kOpenSshKey;
  if (isKey) {
    EVP_CIPHER_INFO cipher;
    if (PEM_get_EVP_CIPHER_INFO(block.header, &cipher) != 1) return Opened::kDamaged;
    // A key without a header is not encrypted, and this leaves it as it is.
    if (PEM_do_header(&cipher, block.data, &block.size, givePassword, &password) != 1) {
      return Opened::kWrongPassword;
    }
    OwnedKey key(d2i_AutoPrivateKey(nullptr, &at, block.size));
    // A wrong password passes the test of the padding once in 256 times.
    if (key == nullptr) return cipher.cipher == nullptr ? Opened::kDamaged : Opened::kWrongPassword;
    return addKey(std::move(key), contents);
  }
  if (name == PEM_STRING_X509 || name == PEM_STRING_X509_OLD || name == PEM_STRING_X509_TRUSTED) {
    OwnedX509 certificate(name == PEM_STRING_X509_TRUSTED ? d2i_X509_AUX(nullptr, &at, block.size)
                                                          : d2i_X509(nullptr, &at, block.size));
    if (certificate == nullptr) return Opened::kDamaged;
    addCertificate(std::move(certificate), contents);
    return Opened::kDone;
  }
  if (name == PEM_STRING_PKCS7) {
    const OwnedPkcs7 pkcs7(d2i_PKCS7(nullptr, &at, block.size));
    return addPkcs7(pkcs7.get(), contents) == Opened::kDone ? Opened::kDone : Opened::kDamaged;
  }
  if (name.ends_with("PUBLIC KEY")) ++contents.publicKeys;
  return Opened::kDone;  // Parameters, requests: not what we look for.
}

/// The blocks of `text`, each broken into lines as PEM wants it.
std::string normalized(std::string_view text) {
  constexpr std::size_t kLineSize = 64;
  std::string lines;
  std::size_t begin = text.find(kBegin);
  while (begin != std::string_view::npos) {
    const std::size_t bodyBegin = text.find(kDashes, begin + kBegin.size());
    const std::size_t end = text.find(kEnd, begin);
    if (bodyBegin >= end || end == std::string_view::npos) break;
    const std::size_t close = text.find(kDashes, end + kEnd.size());
    if (close == std::string_view::npos) break;
    const std::string_view body =
        text.substr(bodyBegin + kDashes.size(), end - bodyBegin - kDashes.size());

    lines.append(text.substr(begin, bodyBegin - begin)).append(kDashes);
    if (body.find(':') != std::string_view::npos) {
      lines.append(body);  // Headers (RFC 1421 §4.6) are lines already.
    } else {
      std::size_t column = 0;
      for (const char c : body) {
        if (kSpace.find(c) != std::string_view::npos) continue;
        if (column++ % kLineSize == 0) lines += '\n';
        lines += c;
      }
      lines += '\n';
    }
    lines.append(text.substr(end, close + kDashes.size() - end)).append("\n");
    begin = text.find(kBegin, close);
  }
  return lines;
}

}  // namespace

Opened readPem(Bytes bytes, std::string_view password, Contents& contents) {
  const CleanErrors errors;
  std::string lines = normalized(wss::textOf(bytes));
  if (lines.empty()) return Opened::kNotThis;
  const OwnedBio source = readFrom(bytesOf(lines));
  Opened result = Opened::kDone;
  while (result == Opened::kDone && !BIO_eof(source.get())) {
    PemBlock block;
    const int read =
        PEM_read_bio(source.get(), &block.name, &block.header, &block.data, &block.size);
    result = read == 1 ? addBlock(block, password, contents) : Opened::kDamaged;
  }
  OPENSSL_cleanse(lines.data(), lines.size());
  return result == Opened::kDone && contents.empty() ? Opened::kNotThis : result;
}

Opened readDer(Bytes bytes, std::string_view password, Contents& contents) {
  const CleanErrors errors;
  const auto size = static_cast<long>(bytes.size());
  const unsigned char* at = bytes.data();
  if (OwnedX509 certificate(d2i_X509(nullptr, &at, size)); certificate != nullptr) {
    addCertificate(std::move(certificate), contents);
    return Opened::kDone;
  }
  at = bytes.data();
  if (OwnedKey key(d2i_AutoPrivateKey(nullptr, &at, size)); key != nullptr) {
    return addKey(std::move(key), contents);
  }
  at = bytes.data();
  if (const OwnedKey key(d2i_PUBKEY(nullptr, &at, size)); key != nullptr) {
    ++contents.publicKeys;
    return Opened::kDone;
  }
  at = bytes.data();
  const OwnedSealed sealed(d2i_X509_SIG(nullptr, &at, size));
  return addSealedKey(sealed.get(), password, contents);
}

Opened readPkcs7(Bytes bytes, Contents& contents) {
  const CleanErrors errors;
  const unsigned char* at = bytes.data();
  const OwnedPkcs7 pkcs7(d2i_PKCS7(nullptr, &at, static_cast<long>(bytes.size())));
  return addPkcs7(pkcs7.get(), contents);
}

}  // namespace wss::tls
