// SPDX-License-Identifier: MIT
#include "tls/contexts/client_context.h"

#include <openssl/x509v3.h>

#include <utility>

#include "tls/formats/formats.h"
#include "tls/openssl/openssl.h"
#include "tls/openssl/pipe.h"
#include "tls/records/tls13_kdf.h"

namespace wss::tls {
namespace {

int onTicket(SSL* ssl, SSL_SESSION* session) {
  static_cast<TicketTaker*>(SSL_get_app_data(ssl))->onTicket(session);
  // The session is the callee's from here on.
  return 1;
}

}  // namespace

Result<std::shared_ptr<ClientContext>> ClientContext::create(ClientOptions options) {
  const CleanErrors errors;
  // The constructor is private: there is no ClientContext that has not been set up.
  std::shared_ptr<ClientContext> context(new ClientContext(std::move(options)));
  if (Result<void> done = context->setUp(); !done.ok()) return done.error();
  return context;
}

ClientContext::ClientContext(ClientOptions options)
    : options_(std::move(options)),
      pipeMethod_(makePipeMethod()),
      handle_(SSL_CTX_new_ex(nullptr, keyDerivation(), TLS_client_method()), SSL_CTX_free) {}

Result<void> ClientContext::setUp() {
  SSL_CTX* const handle = handle_.get();
  if (handle == nullptr) {
    return makeError(ErrorCode::kNoSecurityCredentials, CleanErrors::reason());
  }
  SSL_CTX_set_options(handle, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  const bool older = (options_.protocols & kTls12) != 0;
  const bool newer = (options_.protocols & kTls13) != 0;
  SSL_CTX_set_min_proto_version(handle, older ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(handle, newer ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (options_.resume) {
    SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(handle, onTicket);
  } else {
    SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  }
  if (Result<void> done = setVerification(); !done.ok()) return done;
  return setCertificate();
}

Result<void> ClientContext::setVerification() {
  SSL_CTX* const handle = handle_.get();
  X509_VERIFY_PARAM* const expected = SSL_CTX_get0_param(handle);
  const std::string& name = options_.serverName;
  const bool isAddress = X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1;
  sendsServerName_ = !isAddress && !name.empty();
  if (!options_.verify) return {};

  SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nullptr);
  if (!isAddress) {
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(expected, name.c_str(), name.size());
  }
  Contents contents;
  if (readPem(bytesOf(options_.authorities), {}, contents) != Opened::kDone ||
      contents.certificates.empty()) {
    return makeError(ErrorCode::kCertificateStoreNotOpened,
                     "There are no certificates of authorities in it.");
  }
  for (const Certificate::X509& authority : contents.certificates) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(handle), authority.get());
  }
  return {};
}

Result<void> ClientContext::setCertificate() {
  if (!options_.certificate) return {};
  const Certificate& certificate = *options_.certificate;
  const BorrowedChain chain = borrow(certificate.chain());
  if (certificate.key() == nullptr ||
      SSL_CTX_use_cert_and_key(handle_.get(), certificate.leaf().get(), certificate.key().get(),
                               chain.get(), 1) != 1) {
    return makeError(ErrorCode::kNoSecurityCredentials,
                     "The certificate of the client cannot be used with its key.");
  }
  return {};
}

}  // namespace wss::tls
