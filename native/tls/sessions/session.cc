// SPDX-License-Identifier: MIT
#include "tls/sessions/session.h"

#include <openssl/ssl.h>

#include <cassert>
#include <utility>

#include "tls/certificates/strength.h"
#include "tls/contexts/resumption.h"
#include "tls/openssl/client_hello.h"
#include "tls/openssl/failure.h"
#include "tls/openssl/names.h"
#include "tls/openssl/openssl.h"

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
  session->openSsl_->ssl.reset(ssl);
  BIO* const bio = openPipe(session->context_->pipeMethod(), session->openSsl_->pipe);
  if (ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, static_cast<SslCallbacks*>(session.get()));
  SSL_set_accept_state(ssl);
  if (wishes.askClient) session->context_->deferVerification(ssl);
  // Records have to know how many OpenSSL has sent.
  if (wishes.log != Log::kOff || session->context_->options().ownRecords) traceMessages(ssl);
  return session;
}

Session::Session(std::shared_ptr<Context> context, Wishes wishes)
    : context_(std::move(context)), wishes_(wishes), openSsl_(std::make_unique<OpenSsl>()) {}

Session::~Session() = default;

std::size_t Session::receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out) {
  assert(state_ == State::kHandshake || state_ == State::kOpen);
  assert(ciphertext.empty() || plain.size() >= ciphertext.size() + kHeldRecord);
  if (state_ == State::kHandshake) {
    ERR_clear_error();
    openSsl_->pipe = {ciphertext, &out};
    shakeHands();
    ciphertext = std::exchange(openSsl_->pipe, {}).input;
    if (records_ != nullptr) openSsl_.reset();
  }
  if (state_ == State::kOpen) return read(ciphertext, plain, out);
  if (state_ == State::kAskedCertificate || state_ == State::kAskedClient) held_.append(ciphertext);
  return 0;
}

std::size_t Session::answerCertificate(const Certificate* other, MutableBytes plain,
                                       ByteQueue& out) {
  assert(state_ == State::kAskedCertificate);
  state_ = State::kHandshake;
  openSsl_->clientHello.reset();
  openSsl_->certificateAnswered = true;
  if (other != nullptr) {
    const CleanErrors errors;
    const BorrowedChain chain = borrow(other->chain());
    SSL* const ssl = openSsl_->ssl.get();
    SSL_certs_clear(ssl);
    if (other->key() == nullptr || !requireStrong(*other).ok() ||
        SSL_use_cert_and_key(ssl, other->leaf().get(), other->key().get(), chain.get(), 1) != 1) {
      refuse("The certificate that was chosen for the connection cannot be used.", out);
      return 0;
    }
  }
  return receiveHeld(plain, out);
}

void Session::refuseCertificate(ByteQueue& out) {
  assert(state_ == State::kAskedCertificate);
  refuse("The application has no certificate for the connection.", out);
}

/// Has OpenSSL ask for the certificate once more, and send the alert that onClientHello() tells.
void Session::refuse(const char* why, ByteQueue& out) {
  state_ = State::kHandshake;
  openSsl_->refusal = why;
  receive({}, {}, out);
}

std::size_t Session::answerClient(bool accept, MutableBytes plain, ByteQueue& out) {
  assert(state_ == State::kAskedClient);
  if (!accept) {
    close(out);
    fail(clientCertificate_ == nullptr ? "The client sent no certificate."
                                       : "The certificate of the client was refused.");
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

void Session::send(Bytes start, Bytes rest, ByteQueue& out) {
  assert(state_ == State::kOpen || state_ == State::kEnded);
  if (records_ != nullptr) {
    records_->send(start, rest, out);
    if (records_->state() == Records::State::kFailed) fail(records_->failure());
    return;
  }
  ERR_clear_error();
  openSsl_->pipe = {{}, &out};
  sendOpenSsl(start);
  sendOpenSsl(rest);
  openSsl_->pipe = {};
}

void Session::sendOpenSsl(Bytes plain) {
  if (plain.empty() || state_ == State::kFailed) return;
  std::size_t count = 0;
  if (SSL_write_ex(openSsl_->ssl.get(), plain.data(), plain.size(), &count) != 1) failAsOpenSsl();
}

void Session::close(ByteQueue& out) {
  // Who waits for an answer about its certificate has shaken hands.
  const bool shaken =
      state_ == State::kOpen || state_ == State::kEnded || state_ == State::kAskedClient;
  if (closed_ || !shaken) return;
  closed_ = true;
  if (records_ != nullptr) return records_->close(out);
  ERR_clear_error();
  openSsl_->pipe = {{}, &out};
  SSL_shutdown(openSsl_->ssl.get());
  openSsl_->pipe = {};
  ERR_clear_error();
}

void Session::onEndOfInput() {
  if (state_ != State::kEnded && state_ != State::kFailed) fail(kTruncated);
}

Negotiated Session::negotiated() const {
  if (cipher_ == nullptr) return {};
  const char* const suite = SSL_CIPHER_standard_name(cipher_);
  return {
      .version = versionName(version_),
      .cipherSuite = suite,
      .cipher = cipherOf(suite),
      .cipherBits = SSL_CIPHER_get_bits(cipher_, nullptr),
      .keyExchange = keyExchange_,
      .keyExchangeBits = keyExchangeBits_,
      .resumed = resumed_,
  };
}

std::string Session::takeLog() { return std::exchange(log_, {}); }

int Session::onClientHello(int& alert) {
  if (openSsl_->refusal != nullptr) {
    alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (!wishes_.askCertificate || openSsl_->certificateAnswered) return SSL_CLIENT_HELLO_SUCCESS;
  openSsl_->clientHello = std::make_unique<ClientHello>(readClientHello(openSsl_->ssl.get()));
  return SSL_CLIENT_HELLO_RETRY;
}

int Session::onVerify(bool fits, x509_store_ctx_st* store) {
  const int error = X509_STORE_CTX_get_error(store);
  const bool forgiven = fits || forgives(context_->options().securityFlags, error);
  if (!forgiven && !wishes_.askClient) return 0;
  if (!forgiven && openSsl_->verifyError == X509_V_OK) openSsl_->verifyError = error;
  // What stays here is kept with the session, for when it is resumed.
  X509_STORE_CTX_set_error(store, openSsl_->verifyError);
  return 1;
}

void Session::onKeyLog(std::string_view line) {
  if (context_->options().ownRecords) openSsl_->secrets.onKeyLog(line);
}

void Session::onMessage(bool sent, int type, Bytes message) {
  if (sent && openSsl_ != nullptr) {
    if (type == SSL3_RT_HEADER) openSsl_->secrets.onSent();
    if (type == SSL3_RT_HANDSHAKE && !message.empty() && message[0] == SSL3_MT_FINISHED) {
      openSsl_->finishedSent = true;
      setKeyLogCallback();
    }
  }
  if (wishes_.log == Log::kOff) return;
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
  SSL* const ssl = openSsl_->ssl.get();
  setKeyLogCallback();
  const int result = SSL_do_handshake(ssl);
  if (result == 1) {
    onHandshakeDone();
    return;
  }
  switch (SSL_get_error(ssl, result)) {
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
  SSL* const ssl = openSsl_->ssl.get();
  version_ = static_cast<std::uint16_t>(SSL_version(ssl));
  cipher_ = SSL_get_current_cipher(ssl);
  resumed_ = SSL_session_reused(ssl) == 1;
  keepKeyExchange();
  const Negotiated result = negotiated();
  say(std::string("Handshake done: ").append(result.version).append(", ") +
      std::string(result.cipherSuite).append(", ") + std::to_string(result.cipherBits) + " bits, " +
      std::string(result.keyExchange) + (result.resumed ? ", resumed." : "."));
  if (context_->options().authenticateClients) keepClientCertificate();
  state_ = wishes_.askClient ? State::kAskedClient : State::kOpen;
  takeOver();
  if (records_ == nullptr) forgetOrigin(SSL_get_session(ssl));
}

/// Has those told that Records need, and no others.
void Session::setKeyLogCallback() {
  context_->setKeyLogCallback(context_->options().ownRecords && openSsl_->finishedSent);
}

/// Lets Records go on, if they can.
void Session::takeOver() {
  SSL* const ssl = openSsl_->ssl.get();
  const TrafficSecrets& secrets = openSsl_->secrets;
  // What is certified for FIPS is OpenSSL's use of its ciphers, not ours.
  const bool may = context_->options().ownRecords && version_ == TLS1_3_VERSION &&
                   EVP_default_properties_is_fips_enabled(nullptr) == 0;
  // OpenSSL does not read ahead unless it is told to; a client may want smaller records (RFC 6066).
  const bool isPlain = secrets.complete() && SSL_has_pending(ssl) == 0 &&
                       SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl)) ==
                           TLSEXT_max_fragment_length_DISABLED;
  if (!may || !isPlain) return;
  Aead* const aead = context_->aead(SSL_CIPHER_get_protocol_id(cipher_));
  if (aead == nullptr) return;
  Trace* const trace = wishes_.log == Log::kOff ? nullptr : this;
  const Records::Side received{secrets.client(), 0};
  const Records::Side sent{secrets.server(), secrets.sent()};
  records_ = std::make_unique<Records>(*aead, received, sent, trace);
}

void Session::keepKeyExchange() {
  SSL* const ssl = openSsl_->ssl.get();
  const int kind = SSL_CIPHER_get_kx_nid(cipher_);
  if (kind == NID_kx_rsa) {
    keyExchange_ = "rsa";
    keyExchangeBits_ = static_cast<std::uint16_t>(EVP_PKEY_get_bits(SSL_get_privatekey(ssl)));
    return;
  }
  if (kind == NID_kx_dhe) {
    keyExchange_ = "dhe";
    return;
  }
  const char* const group = SSL_group_to_name(ssl, static_cast<int>(SSL_get_negotiated_group(ssl)));
  keyExchange_ = group == nullptr ? std::string_view() : groupName(group);
  EVP_PKEY* key = nullptr;
  // A macro, which takes any pointer.
  if (SSL_get_peer_tmp_key(ssl, static_cast<void*>(&key)) == 1) {
    keyExchangeBits_ = static_cast<std::uint16_t>(EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
  }
}

void Session::onServerKeyExchange() {
  EVP_PKEY* key = nullptr;
  // A macro, which takes any pointer.
  if (SSL_get_tmp_key(openSsl_->ssl.get(), static_cast<void*>(&key)) == 1) {
    keyExchangeBits_ = static_cast<std::uint16_t>(EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
  }
}

void Session::keepClientCertificate() {
  SSL* const ssl = openSsl_->ssl.get();
  X509* const leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) return;
  std::vector<Certificate::X509> chain;
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl);
  // Who resumes sends nothing.
  if (resumed_) chain = keptChain(SSL_get_session(ssl));
  for (int i = 0; i < sk_X509_num(sent); ++i) chain.push_back(shared(sk_X509_value(sent, i)));
  const long result = SSL_get_verify_result(ssl);
  clientCertificate_ = std::make_unique<ClientCertificate>(
      ClientCertificate{Certificate(shared(leaf), nullptr, std::move(chain)), result == X509_V_OK,
                        result == X509_V_OK ? "OK" : X509_verify_cert_error_string(result)});
}

std::size_t Session::read(Bytes ciphertext, MutableBytes plain, ByteQueue& out) {
  if (records_ == nullptr) {
    ERR_clear_error();
    openSsl_->pipe = {ciphertext, &out};
    const std::size_t count = readOpenSsl(plain);
    openSsl_->pipe = {};
    return count;
  }
  const std::size_t count = records_->receive(ciphertext, plain, out);
  if (records_->state() == Records::State::kEnded) state_ = State::kEnded;
  if (records_->state() == Records::State::kFailed) fail(records_->failure());
  return count;
}

std::size_t Session::readOpenSsl(MutableBytes plain) {
  SSL* const ssl = openSsl_->ssl.get();
  std::size_t total = 0;
  std::size_t count = 0;
  while (SSL_read_ex(ssl, plain.data() + total, plain.size() - total, &count) == 1) {
    total += count;
  }
  switch (SSL_get_error(ssl, 0)) {
    case SSL_ERROR_WANT_READ:
      break;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kEnded;
      break;
    default:
      failAsOpenSsl();
  }
  // OpenSSL would go on and answer each attempt, however many there are.
  if (renegotiates_ && state_ != State::kFailed) fail(kRenegotiation);
  return total;
}

void Session::fail(std::string reason) {
  state_ = State::kFailed;
  failure_ = std::move(reason);
  say(failure_);
}

void Session::failAsOpenSsl() {
  if (openSsl_->refusal != nullptr) {
    fail(openSsl_->refusal);
    ERR_clear_error();
    return;
  }
  // What failed beneath comes before what that means for TLS.
  const unsigned long first = ERR_get_error();
  unsigned long error = first;
  while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL) error = ERR_get_error();
  fail(failureText(error == 0 ? first : error, SSL_get_verify_result(openSsl_->ssl.get())));
  ERR_clear_error();
}

void Session::say(std::string_view sentence) {
  if (wishes_.log != Log::kOff) log_.append(sentence).append("\n");
}

}  // namespace wss::tls
