// SPDX-License-Identifier: MIT
#include "tls/stores/store.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "tls/certificates/key_trial.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

struct FormatRow {
  std::string_view name;
  Format format;
};

constexpr FormatRow kFormats[] = {
    {"any", Format::kAny},
    {"pem", Format::kPem},
    {"pfx", Format::kPfx},
    {"p7b", Format::kP7b},
    {"publicKey", Format::kPublicKey},
};

Opened readPart(Format format, Bytes bytes, std::string_view password, Contents& contents) {
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
      contents.withoutKeys = true;
      const Opened opened = readPart(Format::kPem, bytes, password, contents);
      return contents.empty() && opened == Opened::kDone ? Opened::kNotThis : opened;
    }
    case Format::kAny:
      break;
  }
  for (const Format each : {Format::kPem, Format::kPfx, Format::kP7b}) {
    const Opened opened = readPart(each, bytes, password, contents);
    if (opened != Opened::kNotThis) return opened;
  }
  return Opened::kNotThis;
}

Error notOpened(std::string_view detail) {
  return makeError(ErrorCode::kCertificateStoreNotOpened, detail);
}

Error failed(Opened opened) {
  switch (opened) {
    case Opened::kWrongPassword:
      return makeError(ErrorCode::kNoSecurityCredentials,
                       "The password does not open the store; check SSLCertStorePassword.");
    case Opened::kDamaged:
      return notOpened(
          "It is damaged, or encrypted with a cipher that this OpenSSL does not have; make a new "
          "one with openssl pkcs12 -export.");
    case Opened::kTooCostly:
      return notOpened(
          "To try its passwords would take more than a second; make a new one with fewer rounds "
          "(openssl pkcs12 -export -iter 10000).");
    case Opened::kTooMany:
      return notOpened("It holds more than 1000 certificates or 100 keys.");
    case Opened::kUnfitKey:
      return notOpened(
          "It holds a private key of a kind that is not for TLS, or too large; take RSA with two "
          "primes and up to 16384 bits, ECDSA on a curve that is named (best P-256), Ed25519 or "
          "Ed448.");
    case Opened::kOpenSshKey:
      return notOpened(
          "It holds a key in OpenSSH's own format; convert it with ssh-keygen -p -m PKCS8.");
    default:
      return notOpened("It is not of the type that was given, or empty.");
  }
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

/// `certificate`, if its key signs for it, or there is none.
Result<Certificate> tried(Certificate certificate) {
  if (certificate.key() != nullptr) {
    if (Result<void> done = tryKey(certificate); !done.ok()) return done.error();
  }
  return certificate;
}

}  // namespace

std::optional<Format> formatNamed(std::string_view name) {
  const auto* const row = std::ranges::find(kFormats, name, &FormatRow::name);
  if (row == std::end(kFormats)) return std::nullopt;
  return row->format;
}

Result<Contents> readStore(const Store& store) {
  std::size_t size = 0;
  for (const Bytes& part : store.parts) size += part.size();
  if (size > kMaxStoreSize) return notOpened("It is larger than the 4 MiB that a store may have.");
  Contents contents;
  for (const Bytes& part : store.parts) {
    const Opened opened = readPart(store.format, part, store.password, contents);
    if (opened != Opened::kDone) return failed(opened);
  }
  return contents;
}

Result<Certificate> findCertificate(const Contents& contents, std::string_view subject) {
  if (contents.certificates.empty()) {
    return makeError(ErrorCode::kCertificateNotFound,
                     contents.keys.empty()
                         ? "It holds a public key alone; a server needs a certificate and its "
                           "private key."
                         : "It holds a private key alone; give its certificate too, as "
                           "SSLCertEncoded.");
  }
  std::vector<Certificate> candidates;
  std::vector<Certificate> withoutKey;
  for (const Certificate::X509& leaf : contents.certificates) {
    Certificate::Key key = keyOf(leaf, contents);
    std::vector<Certificate>& place = key == nullptr ? withoutKey : candidates;
    place.emplace_back(leaf, std::move(key));
  }
  std::ranges::move(withoutKey, std::back_inserter(candidates));
  const Certificate* const found = findSubject(candidates, subject);
  if (found == nullptr) {
    return makeError(ErrorCode::kCertificateNotFound,
                     "The store holds no certificate that fits the subject.");
  }
  return tried(Certificate(found->leaf(), found->key(), chainOf(found->leaf(), contents)));
}

Result<Certificate> findKey(Contents contents, Bytes encoded) {
  Contents given;
  if (encoded.size() > kMaxStoreSize ||
      readPart(Format::kPublicKey, encoded, {}, given) != Opened::kDone ||
      given.certificates.empty()) {
    return makeError(ErrorCode::kCertificateNotFound, "What was given is no certificate.");
  }
  const Certificate::X509& leaf = given.certificates.front();
  Certificate::Key key = keyOf(leaf, contents);
  if (key == nullptr) {
    return makeError(ErrorCode::kCertificateNotFound,
                     "The store does not hold the private key of the certificate.");
  }
  std::ranges::copy(given.certificates, std::back_inserter(contents.certificates));
  return tried(Certificate(leaf, std::move(key), chainOf(leaf, contents)));
}

}  // namespace wss::tls
