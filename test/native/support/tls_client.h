// SPDX-License-Identifier: MIT
// A client of OpenSSL's over memory, and a certificate for the server that it talks to.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "tls/certificates/certificate.h"

namespace wss::test {

/// One that it has signed itself.
inline tls::Certificate selfSigned() {
  const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::shared_ptr<X509> made(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(made.get());
  const auto* const text = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) throw std::runtime_error("no signature");
  return tls::Certificate(made, key);
}

class TlsClient {
 public:
  struct Options {
    const char* suites = nullptr;  ///< of TLS 1.3; null: OpenSSL's own
    int version = TLS1_3_VERSION;
    SSL_SESSION* resume = nullptr;
    const tls::Certificate* certificate = nullptr;
    std::uint8_t maxFragment = 0;  ///< RFC 6066 §4, if not 0
  };

  TlsClient() : TlsClient(Options()) {}
  explicit TlsClient(const Options& options)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
      auto* const self = static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->session_.reset(session, SSL_SESSION_free);
      ++self->tickets_;
      return 1;
    });
    if (options.suites != nullptr) SSL_CTX_set_ciphersuites(context, options.suites);
    if (options.certificate != nullptr) {
      SSL_CTX_use_certificate(context, options.certificate->leaf().get());
      SSL_CTX_use_PrivateKey(context, options.certificate->key().get());
    }
    ssl_.reset(SSL_new(context), SSL_free);
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    if (options.maxFragment != 0)
      SSL_set_tlsext_max_fragment_length(ssl_.get(), options.maxFragment);
    if (options.resume != nullptr) {
      // One that ends without a goodbye is not resumed again.
      const std::shared_ptr<SSL_SESSION> copy(SSL_SESSION_dup(options.resume), SSL_SESSION_free);
      SSL_set_session(ssl_.get(), copy.get());
    }
  }

  SSL* ssl() { return ssl_.get(); }
  /// What the server's last ticket resumes; null when there was none.
  [[nodiscard]] SSL_SESSION* session() const { return session_.get(); }
  [[nodiscard]] int tickets() const { return tickets_; }

  /// Whether the handshake is done for the client.
  bool shake() { return SSL_do_handshake(ssl_.get()) == 1; }
  void give(Bytes ciphertext) {
    BIO_write(SSL_get_rbio(ssl_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
  }
  /// What it has sent since the last call.
  std::string take() {
    BIO* const bio = SSL_get_wbio(ssl_.get());
    std::string bytes(static_cast<std::size_t>(BIO_pending(bio)), '\0');
    if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void write(std::string_view plain) {
    SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
  }
  /// Everything that can be read now. error() says why it is not more.
  std::string read() {
    std::string plain;
    char buffer[16384];
    int count = 0;
    while ((count = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
      plain.append(buffer, static_cast<std::size_t>(count));
    }
    error_ = SSL_get_error(ssl_.get(), count);
    return plain;
  }
  [[nodiscard]] int error() const { return error_; }

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  std::shared_ptr<SSL_SESSION> session_;
  int tickets_ = 0;
  int error_ = 0;
};

}  // namespace wss::test
