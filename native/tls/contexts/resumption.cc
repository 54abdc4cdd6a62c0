// SPDX-License-Identifier: MIT
#include "tls/contexts/resumption.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

using OwnedStoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kOriginSize = kTimeSize + 4;
/// A longer chain would make tickets that no client wants to send: its session is not resumed.
constexpr std::size_t kMaxChain = std::size_t{8} * 1024;
/// Clocks of machines that resume each other's sessions differ by less, in seconds.
constexpr std::int64_t kClockSkew = 60;

/// What is kept of a full handshake; the chain follows it, as DER.
struct Origin {
  std::int64_t time;  ///< in seconds since 1970; 0: not to be resumed
  int verifyError;    ///< an X509_V_ERR that somebody has accepted, or X509_V_OK
};

std::int64_t now() { return static_cast<std::int64_t>(std::time(nullptr)); }

void appendNumber(std::vector<std::uint8_t>& bytes, std::uint64_t number, std::size_t size) {
  for (std::size_t at = 0; at < size; ++at) {
    bytes.push_back(static_cast<std::uint8_t>(number >> (8 * at)));
  }
}

std::uint64_t numberAt(Bytes bytes) {
  std::uint64_t number = 0;
  for (std::size_t at = bytes.size(); at > 0; --at) number = number << 8 | bytes[at - 1];
  return number;
}

Bytes keptIn(SSL_SESSION* session) {
  void* data = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || size < kOriginSize) return {};
  return {static_cast<const std::uint8_t*>(data), size};
}

std::optional<Origin> originOf(SSL_SESSION* session) {
  const Bytes kept = keptIn(session);
  if (kept.empty()) return std::nullopt;
  return Origin{static_cast<std::int64_t>(numberAt(kept.first(kTimeSize))),
                static_cast<int>(numberAt(kept.subspan(kTimeSize, kOriginSize - kTimeSize)))};
}

void keep(SSL* ssl, SSL_SESSION* session) {
  std::vector<std::uint8_t> chain;
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(sent) && chain.size() <= kMaxChain; ++i) {
    const X509* const certificate = sk_X509_value(sent, i);
    const std::size_t before = chain.size();
    chain.resize(before + static_cast<std::size_t>(std::max(i2d_X509(certificate, nullptr), 0)));
    unsigned char* place = chain.data() + before;
    i2d_X509(certificate, &place);
  }
  const bool fits = chain.size() <= kMaxChain;
  std::vector<std::uint8_t> kept;
  appendNumber(kept, fits ? static_cast<std::uint64_t>(now()) : 0, kTimeSize);
  appendNumber(kept, static_cast<std::uint64_t>(SSL_get_verify_result(ssl)),
               kOriginSize - kTimeSize);
  if (fits) kept.insert(kept.end(), chain.begin(), chain.end());
  SSL_SESSION_set1_ticket_appdata(session, kept.data(), kept.size());
}

/// A ticket is about to be sealed.
int onTicketMade(SSL* ssl, void* argument) {
  constexpr int kGoOn = 1;
  const int lifetime = static_cast<const ContextOptions*>(argument)->sessionLifetime;
  SSL_SESSION* const session = SSL_get_session(ssl);
  if (SSL_session_reused(ssl) != 1) keep(ssl, session);
  const std::int64_t time = originOf(session).value_or(Origin{0, 0}).time;
  // What OpenSSL, and the client by the ticket's hint, count from the session's own time.
  const std::int64_t left = time + lifetime - SSL_SESSION_get_time(session);
  // With 0 OpenSSL fails: it writes none and reads three.
  SSL_SESSION_set_timeout(session, static_cast<long>(std::max<std::int64_t>(left, 1)));
  return kGoOn;
}

/// The first thing that is to be said against a certificate.
struct Doubt {
  std::uint32_t flags;
  int error = X509_V_OK;
};

int onVerify(int fits, X509_STORE_CTX* store) {
  auto& doubt = *static_cast<Doubt*>(X509_STORE_CTX_get_app_data(store));
  const int error = X509_STORE_CTX_get_error(store);
  const bool counts = fits != 1 && !forgives(doubt.flags, error);
  if (counts && doubt.error == X509_V_OK) doubt.error = error;
  return 1;
}

/// What a full handshake of `ssl` would find to say against the client of `session`; an X509_V_ERR.
int verify(SSL* ssl, SSL_SESSION* session, std::uint32_t flags) {
  X509* const leaf = SSL_SESSION_get0_peer(session);
  const std::vector<Certificate::X509> chain = keptChain(session);
  const BorrowedChain others = borrow(chain);
  const OwnedStoreContext store(X509_STORE_CTX_new());
  X509_STORE* const authorities = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  if (X509_STORE_CTX_init(store.get(), authorities, leaf, others.get()) != 1) {
    return X509_V_ERR_OUT_OF_MEM;
  }
  Doubt doubt{flags};
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(store.get());
  X509_VERIFY_PARAM_set_auth_level(rules, SSL_get_security_level(ssl));
  X509_STORE_CTX_set_default(store.get(), "ssl_client");
  X509_VERIFY_PARAM_set1(rules, SSL_get0_param(ssl));
  X509_STORE_CTX_set_app_data(store.get(), &doubt);
  X509_STORE_CTX_set_verify_cb(store.get(), onVerify);
  // It fails where it cannot even begin, without asking.
  const bool done = X509_verify_cert(store.get()) == 1;
  ERR_clear_error();
  return done || doubt.error != X509_V_OK ? doubt.error : X509_V_ERR_UNSPECIFIED;
}

/// Before TLS 1.3 a session goes on with its suite, which may have been turned off meanwhile.
bool hasSuite(const SSL* ssl, const SSL_SESSION* session) {
  if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) return true;
  const SSL_CIPHER* const suite = SSL_SESSION_get0_cipher(session);
  return sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), suite) >= 0;
}

bool mayResume(SSL* ssl, SSL_SESSION* session, const ContextOptions& options) {
  const std::optional<Origin> origin = originOf(session);
  if (!origin || origin->time == 0) return false;
  const std::int64_t age = now() - origin->time;
  if (age < -kClockSkew || age >= options.sessionLifetime || !hasSuite(ssl, session)) return false;
  if (!options.authenticateClients || SSL_SESSION_get0_peer(session) == nullptr) return true;
  return verify(ssl, session, options.securityFlags) == origin->verifyError;
}

SSL_TICKET_RETURN onTicketOpened(SSL* ssl, SSL_SESSION* session, const unsigned char* /*name*/,
                                 std::size_t /*nameSize*/, SSL_TICKET_STATUS status,
                                 void* argument) {
  const auto& options = *static_cast<const ContextOptions*>(argument);
  const bool opened = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  // A full handshake follows, and a ticket of its own.
  if (!opened || !mayResume(ssl, session, options)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

void limitSessions(ssl_ctx_st* context, const ContextOptions& options) {
  SSL_CTX_set_timeout(context, options.sessionLifetime);
  // OpenSSL only hands it back.
  SSL_CTX_set_session_ticket_cb(context, onTicketMade, onTicketOpened,
                                const_cast<ContextOptions*>(&options));
}

bool forgives(std::uint32_t flags, int error) {
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return (flags & kIgnoreTime) != 0;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return (flags & kAllowUnknownAuthority) != 0;
    case X509_V_ERR_INVALID_PURPOSE:
      return (flags & kIgnoreUsage) != 0;
    default:
      return false;
  }
}

std::vector<Certificate::X509> keptChain(ssl_session_st* session) {
  std::vector<Certificate::X509> chain;
  const Bytes kept = keptIn(session);
  if (kept.empty()) return chain;
  const unsigned char* at = kept.data() + kOriginSize;
  const unsigned char* const end = kept.data() + kept.size();
  while (at < end) {
    X509* const certificate = d2i_X509(nullptr, &at, end - at);
    if (certificate == nullptr) break;
    chain.emplace_back(certificate, X509_free);
  }
  return chain;
}

void forgetOrigin(ssl_session_st* session) { SSL_SESSION_set1_ticket_appdata(session, nullptr, 0); }

}  // namespace wss::tls
