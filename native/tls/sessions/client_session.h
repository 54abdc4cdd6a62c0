// SPDX-License-Identifier: MIT
// One TLS connection, client side: ciphertext in, plaintext out, and the other way round. As with
// Session, no socket and no call to anybody.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "tls/contexts/client_context.h"
#include "tls/openssl/pipe.h"

struct ssl_session_st;
struct ssl_st;

namespace wss::tls {

/// Why a client's TLS connection failed.
struct ClientFailure {
  enum class Kind : std::uint8_t {
    kCertificate,  ///< that of the server is not accepted; the detail is OpenSSL's X509_V_ERR_
    kAlert,        ///< the server ended it with this alert (RFC 8446 §6)
    kNotTls,       ///< what the server sent is not TLS
    kOther,        ///< the detail is OpenSSL's SSL_R_
  };
  Kind kind;
  int detail;
};

/// `failure` in words, to follow a colon.
std::string textOf(const ClientFailure& failure);

class ClientSession final : private TicketTaker {
 public:
  enum class State : std::uint8_t {
    kHandshake,
    kOpen,
    kEnded,   ///< the server has said close_notify
    kFailed,  ///< failure() says why; what was appended last is an alert
  };
  /// What a later connection may resume this one's session with.
  using Ticket = std::shared_ptr<ssl_session_st>;

  /// What `plain` must have room for beyond the size of the ciphertext that is received: a record
  /// whose start came before.
  static constexpr std::size_t kHeldRecord = std::size_t{17} * 1024;

  /// Begins a connection and appends what is to be sent first. `ticket` may be null. Null when
  /// there is no memory for it.
  static std::unique_ptr<ClientSession> connect(std::shared_ptr<ClientContext> context,
                                                const Ticket& ticket, ByteQueue& out);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  ~ClientSession();

  [[nodiscard]] State state() const { return state_; }

  /// Takes all of `ciphertext`, puts the plaintext into `plain` and returns its size; appends to
  /// `out` what is to be sent. REQUIRES kHandshake or kOpen, and enough room (kHeldRecord).
  std::size_t receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out);
  /// Appends `plain` to `out` as records. REQUIRES kOpen or kEnded.
  void send(Bytes plain, ByteQueue& out);
  /// Appends close_notify. Does nothing unless kOpen or kEnded.
  void close(ByteQueue& out);

  /// REQUIRES kFailed.
  [[nodiscard]] ClientFailure failure() const { return failure_; }
  /// The one that came last; null when none has come, or the Context keeps none.
  [[nodiscard]] const Ticket& ticket() const { return ticket_; }
  /// REQUIRES that the handshake is done, as the next.
  [[nodiscard]] bool isResumed() const;
  /// Version, cipher suite and group.
  [[nodiscard]] std::string negotiated() const;

 private:
  void onTicket(ssl_session_st* session) override;
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };

  explicit ClientSession(std::shared_ptr<ClientContext> context);

  std::size_t read(MutableBytes plain);
  void fail();

  std::shared_ptr<ClientContext> context_;
  Ticket ticket_;
  State state_ = State::kHandshake;
  ClientFailure failure_{ClientFailure::Kind::kOther, 0};
  Pipe pipe_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
};

}  // namespace wss::tls
