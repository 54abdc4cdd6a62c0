// SPDX-License-Identifier: MIT
#include "tls/sessions/client_session.h"

#include <openssl/ssl.h>

#include <cassert>
#include <string_view>
#include <utility>

#include "tls/openssl/names.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

constexpr std::string_view orUnknown(const char* text) {
  return text == nullptr ? std::string_view("no reason given") : std::string_view(text);
}

}  // namespace

std::string textOf(const ClientFailure& failure) {
  const auto detail = static_cast<unsigned>(failure.detail);
  switch (failure.kind) {
    case ClientFailure::Kind::kCertificate:
      return std::string(orUnknown(X509_verify_cert_error_string(failure.detail)));
    case ClientFailure::Kind::kAlert:
      return std::string(alertName(failure.detail));
    case ClientFailure::Kind::kNotTls:
      return {};
    case ClientFailure::Kind::kOther:
      break;
  }
  return std::string(orUnknown(ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, detail))));
}

void ClientSession::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

std::unique_ptr<ClientSession> ClientSession::connect(std::shared_ptr<ClientContext> context,
                                                      const Ticket& ticket, ByteQueue& out) {
  const CleanErrors errors;
  // The constructor is private: there is no ClientSession without an SSL.
  std::unique_ptr<ClientSession> session(new ClientSession(std::move(context)));
  const ClientContext& shared = *session->context_;
  SSL* const ssl = SSL_new(shared.handle());
  session->ssl_.reset(ssl);
  BIO* const bio = openPipe(shared.pipeMethod(), session->pipe_);
  if (ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, static_cast<TicketTaker*>(session.get()));
  SSL_set_connect_state(ssl);
  if (shared.sendsServerName()) {
    SSL_set_tlsext_host_name(ssl, shared.options().serverName.c_str());
  }
  if (ticket != nullptr) {
    // A copy: OpenSSL marks a session of TLS 1.3 as used up, but not every server sends a new one.
    const Owned<SSL_SESSION, SSL_SESSION_free> copy(SSL_SESSION_dup(ticket.get()));
    if (copy != nullptr) SSL_set_session(ssl, copy.get());
  }
  session->receive({}, {}, out);
  return session;
}

ClientSession::ClientSession(std::shared_ptr<ClientContext> context)
    : context_(std::move(context)) {}

ClientSession::~ClientSession() = default;

std::size_t ClientSession::receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out) {
  assert(state_ == State::kHandshake || state_ == State::kOpen);
  pipe_ = {ciphertext, &out};
  ERR_clear_error();
  if (state_ == State::kHandshake) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      state_ = State::kOpen;
    } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      fail();
    }
  }
  const std::size_t count = state_ == State::kOpen && !plain.empty() ? read(plain) : 0;
  pipe_ = {};
  return count;
}

std::size_t ClientSession::read(MutableBytes plain) {
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
      fail();
  }
  return total;
}

void ClientSession::send(Bytes plain, ByteQueue& out) {
  assert(state_ == State::kOpen || state_ == State::kEnded);
  if (plain.empty()) return;
  ERR_clear_error();
  pipe_ = {{}, &out};
  std::size_t count = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) != 1) fail();
  pipe_ = {};
}

void ClientSession::close(ByteQueue& out) {
  if (state_ != State::kOpen && state_ != State::kEnded) return;
  ERR_clear_error();
  pipe_ = {{}, &out};
  SSL_shutdown(ssl_.get());
  pipe_ = {};
  ERR_clear_error();
}

bool ClientSession::isResumed() const { return SSL_session_reused(ssl_.get()) == 1; }

std::string ClientSession::negotiated() const {
  SSL* const ssl = ssl_.get();
  std::string text(versionName(SSL_version(ssl)));
  text.append(", ").append(SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)));
  const char* const group = SSL_group_to_name(ssl, static_cast<int>(SSL_get_negotiated_group(ssl)));
  if (group != nullptr) text.append(", ").append(groupName(group));
  return text;
}

void ClientSession::onTicket(ssl_session_st* session) { ticket_.reset(session, SSL_SESSION_free); }

void ClientSession::fail() {
  using Kind = ClientFailure::Kind;
  state_ = State::kFailed;
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  // OpenSSL numbers the alerts it receives from here on.
  constexpr int kAlertEnd = SSL_AD_REASON_OFFSET + 256;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    failure_ = {Kind::kCertificate, static_cast<int>(SSL_get_verify_result(ssl_.get()))};
  } else if (reason >= SSL_AD_REASON_OFFSET && reason < kAlertEnd) {
    failure_ = {Kind::kAlert, reason - SSL_AD_REASON_OFFSET};
  } else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_WRONG_SSL_VERSION) {
    failure_ = {Kind::kNotTls, 0};
  } else {
    failure_ = {Kind::kOther, reason};
  }
  ERR_clear_error();
}

}  // namespace wss::tls
