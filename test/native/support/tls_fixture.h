// SPDX-License-Identifier: MIT
// Certificates made on the spot, and a client of OpenSSL's that speaks through memory.
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tls/certificates/certificate.h"
#include "tls/contexts/context.h"
#include "tls/openssl/openssl.h"
#include "tls/sessions/session.h"

namespace wss::test {

using tls::Certificate;

inline std::string pemOf(const Certificate::Key& key, std::string_view password = {}) {
  const tls::OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(),
                                password.empty() ? nullptr : EVP_aes_128_cbc(), password.data(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  return tls::textOf(memory);
}

inline std::vector<std::uint8_t> derOf(const Certificate::X509& certificate) {
  std::vector<std::uint8_t> der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  unsigned char* at = der.data();
  i2d_X509(certificate.get(), &at);
  return der;
}

/// A key of RSA: one of two in turn, because it takes a second to make one.
inline Certificate::Key rsaKey() {
  static const std::array<Certificate::Key, 2> keys = {
      Certificate::Key(EVP_RSA_gen(2048U), EVP_PKEY_free),
      Certificate::Key(EVP_RSA_gen(2048U), EVP_PKEY_free)};
  static std::size_t count = 0;
  return keys.at(count++ % keys.size());
}

/// Another one than the last of its kind.
inline Certificate::Key makeKey(std::string_view kind) {
  if (kind == "RSA") return rsaKey();
  EVP_PKEY* const key = kind == "EC"
                            ? EVP_EC_gen("P-256")
                            : EVP_PKEY_Q_keygen(nullptr, nullptr, std::string(kind).c_str());
  return {key, EVP_PKEY_free};
}

/// A certificate for `name`, signed by `issuer` or by itself.
inline Certificate makeCertificate(const std::string& name, const Certificate* issuer = nullptr,
                                   std::string_view kind = "EC", long days = 1) {
  static long serial = 0;
  const Certificate::Key key = makeKey(kind);
  const Certificate::X509 certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86400L * 2);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * days);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const auto add = [&](const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, bytesOf(value).data(), -1, -1, 0);
  };
  add("C", "DE");
  add("O", "Example, Inc.");
  add("CN", name);
  const Certificate::X509& authority = issuer == nullptr ? certificate : issuer->leaf();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  if (issuer == nullptr) {
    const tls::Owned<X509_EXTENSION, X509_EXTENSION_free> authorityOnly(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"));
    X509_add_ext(certificate.get(), authorityOnly.get(), -1);
  }
  EVP_PKEY* const signer = issuer == nullptr ? key.get() : issuer->key().get();
  const bool hasDigest = EVP_PKEY_get_base_id(signer) != EVP_PKEY_ED25519;
  X509_sign(certificate.get(), signer, hasDigest ? EVP_sha256() : nullptr);
  return Certificate(certificate, key);
}

/// A TLS client without a socket.
class MemoryClient {
 public:
  using SetUp = std::function<void(SSL_CTX*)>;

  explicit MemoryClient(const SetUp& setUp = {})
      : context_(SSL_CTX_new(TLS_client_method())),
        input_(BIO_new(BIO_s_mem())),
        output_(BIO_new(BIO_s_mem())) {
    if (setUp) setUp(context_.get());
    ssl_.reset(SSL_new(context_.get()));
    BIO_up_ref(input_.get());
    BIO_up_ref(output_.get());
    SSL_set_bio(ssl_.get(), input_.get(), output_.get());
    SSL_set_connect_state(ssl_.get());
  }

  [[nodiscard]] SSL* ssl() { return ssl_.get(); }

  /// Shakes hands, or reads what there is to read.
  void advance() {
    ERR_clear_error();
    std::array<char, 4096> buffer;
    if (SSL_is_init_finished(ssl_.get()) == 0 && SSL_do_handshake(ssl_.get()) != 1) return;
    int size = 0;
    while ((size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))) > 0) {
      received.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ended = SSL_get_error(ssl_.get(), size) == SSL_ERROR_ZERO_RETURN;
  }

  void write(std::string_view text) {
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }
  void give(Bytes bytes) {
    if (!bytes.empty()) BIO_write(input_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  /// The ciphertext that is to be sent.
  std::string take() {
    std::string text = tls::textOf(output_);
    BIO_reset(output_.get());
    return text;
  }

  std::string received;
  bool ended = false;

 private:
  tls::Owned<SSL_CTX, SSL_CTX_free> context_;
  tls::OwnedBio input_;
  tls::OwnedBio output_;
  tls::Owned<SSL, SSL_free> ssl_;
};

/// Who signs what contextOf() serves with.
inline const Certificate& authority() {
  static const Certificate made = makeCertificate("The Authority");
  return made;
}

/// With a certificate, unless `options` have one.
inline std::shared_ptr<tls::Context> contextOf(tls::ContextOptions options = {}) {
  if (options.certificates.empty()) {
    options.certificates = {makeCertificate("server", &authority())};
  }
  Result<std::shared_ptr<tls::Context>> context = tls::Context::create(std::move(options));
  if (!context.ok()) throw std::runtime_error(context.error().message);
  return context.value();
}

/// A client of one version.
inline MemoryClient::SetUp only(int version) {
  return [version](SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
  };
}

/// A server's session and what comes out of it.
struct ServerEnd {
  explicit ServerEnd(std::shared_ptr<tls::Context> context, tls::Session::Wishes wishes = {})
      : session(tls::Session::accept(std::move(context), wishes)) {}

  [[nodiscard]] bool takes() const {
    return session->state() == tls::Session::State::kHandshake ||
           session->state() == tls::Session::State::kOpen;
  }
  void receive(std::string_view ciphertext) {
    std::vector<std::uint8_t> plain(ciphertext.size() + tls::Session::kHeldRecord);
    const std::size_t size = session->receive(bytesOf(ciphertext), plain, out);
    received.append(wss::textOf(Bytes(plain).first(size)));
  }
  void answerCertificate(const Certificate* other) {
    std::vector<std::uint8_t> plain(65536);
    received.append(wss::textOf(Bytes(plain).first(session->answerCertificate(other, plain, out))));
  }
  void answerClient(bool accept) {
    std::vector<std::uint8_t> plain(65536);
    received.append(wss::textOf(Bytes(plain).first(session->answerClient(accept, plain, out))));
  }

  std::unique_ptr<tls::Session> session;
  ByteQueue out;
  std::string received;
};

/// Carries bytes both ways, `piece` at a time, until neither side has more or the server asks.
inline void pump(ServerEnd& server, MemoryClient& client,
                 std::size_t piece = std::string_view::npos) {
  for (bool moved = true; moved;) {
    client.advance();
    const std::string sent = client.take();
    moved = !sent.empty();
    for (std::size_t at = 0; at < sent.size() && server.takes();) {
      const std::string_view part = std::string_view(sent).substr(at, piece);
      server.receive(part);
      at += part.size();
    }
    if (!server.out.empty()) {
      client.give(server.out.bytes());
      server.out.clear();
      moved = true;
    }
  }
}

}  // namespace wss::test
