// SPDX-License-Identifier: MIT
#include "tls/session.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "tls/client_hello.h"
#include "tls/failure.h"
#include "tls/names.h"
#include "tls/openssl.h"

namespace wss::tls {
namespace {

/// "AES_128_GCM" of "TLS_AES_128_GCM_SHA256" or "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".
std::string_view cipherOf(std::string_view suite) {
  constexpr std::string_view kPrefix = "TLS_";
  constexpr std::string_view kWith = "_WITH_";
  const std::size_t with = suite.find(kWith);
  suite.remove_prefix(with == std::string_view::npos ? kPrefix.size() : with + kWith.size());
  return suite.substr(0, suite.rfind('_'));
}

/// The flag of SSLSecurityFlags that forgives `error`; 0 when none does.
std::uint32_t forgivingFlag(int error) {
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return kIgnoreTime;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return kAllowUnknownAuthority;
    case X509_V_ERR_INVALID_PURPOSE:
      return kIgnoreUsage;
    default:
      return 0;
  }
}

Certificate::X509 shared(X509* certificate) {
  X509_up_ref(certificate);
  return {certificate, X509_free};
}

}  // namespace

void Session::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

std::unique_ptr<Session> Session::accept(std::shared_ptr<Context> context, Wishes wishes) {
  const CleanErrors errors;
  // The constructor is private: there is no Session without an SSL.
  std::unique_ptr<Session> session(new Session(std::move(context), wishes));
  SSL* const ssl = SSL_new(session->context_->handle());
  session->ssl_.reset(ssl);
  BIO* const bio = openPipe(session->context_->pipeMethod(), session->pipe_);
  if (ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, static_cast<Handshake*>(session.get()));
  SSL_set_accept_state(ssl);
  if (wishes.log != Log::kOff) traceMessages(ssl);
  return session;
}

Session::Session(std::shared_ptr<Context> context, Wishes wishes)
    : context_(std::move(context)), wishes_(wishes) {}

Session::~Session() = default;

std::size_t Session::receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out) {
  assert(state_ == State::kHandshake || state_ == State::kOpen);
  assert(plain.size() >= ciphertext.size() + kHeldRecord);
  pipe_ = {ciphertext, &out};
  ERR_clear_error();
  if (state_ == State::kHandshake) shakeHands();
  const std::size_t count = state_ == State::kOpen ? read(plain) : 0;
  if (state_ == State::kAskedCertificate || state_ == State::kAskedClient) {
    held_.append(pipe_.input);
  }
  pipe_ = {};
  return count;
}

std::size_t Session::answerCertificate(const Certificate* other, MutableBytes plain,
                                       ByteQueue& out) {
  assert(state_ == State::kAskedCertificate);
  state_ = State::kHandshake;
  clientHello_.reset();
  certificateAnswered_ = true;
  if (other != nullptr) {
    const CleanErrors errors;
    const BorrowedChain chain = borrow(other->chain());
    SSL_certs_clear(ssl_.get());
    if (other->key() == nullptr || SSL_use_cert_and_key(ssl_.get(), other->leaf().get(),
                                                        other->key().get(), chain.get(), 1) != 1) {
      fail("The certificate that was chosen for the connection cannot be used.");
      return 0;
    }
  }
  return receiveHeld(plain, out);
}

std::size_t Session::answerClient(bool accept, MutableBytes plain, ByteQueue& out) {
  assert(state_ == State::kAskedClient);
  if (!accept) {
    state_ = State::kOpen;
    close(out);
    fail("The certificate of the client was refused.");
    return 0;
  }
  state_ = State::kOpen;
  return receiveHeld(plain, out);
}

std::size_t Session::receiveHeld(MutableBytes plain, ByteQueue& out) {
  ByteQueue held;
  held.swap(held_);
  return receive(held.bytes(), plain, out);
}

void Session::send(Bytes plain, ByteQueue& out) {
  assert(state_ == State::kOpen || state_ == State::kEnded);
  if (plain.empty()) return;
  ERR_clear_error();
  pipe_ = {{}, &out};
  std::size_t count = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) != 1) failAsOpenSsl();
  pipe_ = {};
}

void Session::close(ByteQueue& out) {
  if (closed_ || (state_ != State::kOpen && state_ != State::kEnded)) return;
  closed_ = true;
  ERR_clear_error();
  pipe_ = {{}, &out};
  SSL_shutdown(ssl_.get());
  pipe_ = {};
  ERR_clear_error();
}

void Session::onEndOfInput() {
  if (state_ != State::kEnded && state_ != State::kFailed) fail(kTruncated);
}

Negotiated Session::negotiated() const {
  const char* const suite = SSL_CIPHER_standard_name(cipher_);
  return {
      .version = versionName(version_),
      .cipherSuite = suite,
      .cipher = cipherOf(suite),
      .cipherBits = SSL_CIPHER_get_bits(cipher_, nullptr),
      .keyExchange = group_ == nullptr ? "rsa" : groupName(group_),
      .keyExchangeBits = keyExchangeBits_,
      .resumed = resumed_,
  };
}

std::string Session::takeLog() { return std::exchange(log_, {}); }

int Session::onClientHello() {
  if (!wishes_.askCertificate || certificateAnswered_) return SSL_CLIENT_HELLO_SUCCESS;
  clientHello_ = std::make_unique<ClientHello>(readClientHello(ssl_.get()));
  return SSL_CLIENT_HELLO_RETRY;
}

int Session::onVerify(bool fits, x509_store_ctx_st* store) {
  const int error = X509_STORE_CTX_get_error(store);
  const bool forgiven = fits || (context_->options().securityFlags & forgivingFlag(error)) != 0;
  if (!forgiven && !wishes_.askClient) return 0;
  if (!forgiven && verifyError_ == X509_V_OK) verifyError_ = error;
  // What stays here is kept with the session, for when it is resumed.
  X509_STORE_CTX_set_error(store, verifyError_);
  return 1;
}

void Session::onMessage(bool sent, int type, Bytes message) {
  const std::string_view verb = sent ? "Sent " : "Received ";
  std::string text(verb);
  if (type == SSL3_RT_HEADER) {
    if (wishes_.log != Log::kRecords || message.size() < 5) return;
    const int size = message[3] << 8 | message[4];
    text.append("a record of ").append(std::to_string(size)).append(" bytes");
  } else if (type == SSL3_RT_ALERT && message.size() == 2) {
    text.append("the alert ").append(alertName(message[1]));
  } else if (type == SSL3_RT_HANDSHAKE && !message.empty()) {
    text.append(handshakeName(message[0]));
  } else {
    return;
  }
  say(text.append("."));
}

void Session::shakeHands() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    onHandshakeDone();
    return;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      state_ = State::kAskedCertificate;
      return;
    default:
      failAsOpenSsl();
  }
}

void Session::onHandshakeDone() {
  SSL* const ssl = ssl_.get();
  version_ = static_cast<std::uint16_t>(SSL_version(ssl));
  cipher_ = SSL_get_current_cipher(ssl);
  resumed_ = SSL_session_reused(ssl) == 1;
  keepKeyExchange();
  const Negotiated result = negotiated();
  say(std::string("Handshake done: ")
          .append(result.version)
          .append(", ")
          .append(result.cipherSuite)
          .append(", ")
          .append(result.keyExchange)
          .append(result.resumed ? ", resumed." : "."));
  if (context_->options().authenticateClients) keepClientCertificate();
  state_ = wishes_.askClient ? State::kAskedClient : State::kOpen;
}

void Session::keepKeyExchange() {
  SSL* const ssl = ssl_.get();
  if (SSL_CIPHER_get_kx_nid(cipher_) == NID_kx_rsa) {
    keyExchangeBits_ = static_cast<std::uint16_t>(EVP_PKEY_get_bits(SSL_get_privatekey(ssl)));
    return;
  }
  group_ = SSL_group_to_name(ssl, static_cast<int>(SSL_get_negotiated_group(ssl)));
  EVP_PKEY* key = nullptr;
  // A macro, which takes any pointer.
  if (SSL_get_peer_tmp_key(ssl, static_cast<void*>(&key)) == 1) {
    keyExchangeBits_ = static_cast<std::uint16_t>(EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
  }
}

void Session::keepClientCertificate() {
  X509* const leaf = SSL_get0_peer_certificate(ssl_.get());
  if (leaf == nullptr) return;
  std::vector<Certificate::X509> chain;
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl_.get());
  chain.reserve(static_cast<std::size_t>(std::max(sk_X509_num(sent), 0)));
  for (int i = 0; i < sk_X509_num(sent); ++i) chain.push_back(shared(sk_X509_value(sent, i)));
  const long result = SSL_get_verify_result(ssl_.get());
  clientCertificate_ = std::make_unique<ClientCertificate>(
      ClientCertificate{Certificate(shared(leaf), nullptr, std::move(chain)), result == X509_V_OK,
                        result == X509_V_OK ? "OK" : X509_verify_cert_error_string(result)});
}

std::size_t Session::read(MutableBytes plain) {
  std::size_t total = 0;
  std::size_t count = 0;
  while (SSL_read_ex(ssl_.get(), plain.data() + total, plain.size() - total, &count) == 1) {
    total += count;
  }
  switch (SSL_get_error(ssl_.get(), 0)) {
    case SSL_ERROR_WANT_READ:
      break;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kEnded;
      break;
    default:
      failAsOpenSsl();
  }
  return total;
}

void Session::fail(std::string reason) {
  state_ = State::kFailed;
  failure_ = std::move(reason);
  say(failure_);
}

void Session::failAsOpenSsl() {
  fail(failureText(ERR_peek_error(), SSL_get_verify_result(ssl_.get())));
  ERR_clear_error();
}

void Session::say(std::string_view sentence) {
  if (wishes_.log != Log::kOff) log_.append(sentence).append("\n");
}

}  // namespace wss::tls
