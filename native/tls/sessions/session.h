// SPDX-License-Identifier: MIT
// One TLS connection, server side: ciphertext in, plaintext out, and the other way round. It knows
// no socket and calls nobody: what it wants to say is in its state, what it wants to send in a
// queue of the caller's. Where a question is to be answered it waits, parked. Handshakes are
// OpenSSL's; after one of TLS 1.3 its SSL object goes, and Records take over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "tls/certificates/certificate.h"
#include "tls/contexts/context.h"
#include "tls/openssl/client_hello.h"
#include "tls/openssl/pipe.h"
#include "tls/records/key_schedule.h"
#include "tls/records/records.h"

struct ssl_st;
struct ssl_cipher_st;

namespace wss::tls {

/// A client's certificate, and what is to be said against it.
struct ClientCertificate {
  Certificate certificate;  ///< with the chain that the client sent
  bool verified;            ///< whether it can be recommended
  std::string status;       ///< "OK", or why not
};

/// What a connection came to use. Views into tables that outlive the Session's Context.
struct Negotiated {
  std::string_view version;      ///< "TLSv1.3"
  std::string_view cipherSuite;  ///< IANA name
  std::string_view cipher;       ///< "AES_128_GCM"
  int cipherBits;
  std::string_view keyExchange;  ///< a group by its documented name, "dhe" or "rsa"
  int keyExchangeBits;           ///< 0 if a session of TLS 1.2 was resumed: there was none
  bool resumed;
};

class Session final : private SslCallbacks {
 public:
  enum class State : std::uint8_t {
    kHandshake,
    kAskedCertificate,  ///< parked: clientHello() awaits answerCertificate()
    kAskedClient,       ///< parked: clientCertificate() awaits answerClient()
    kOpen,
    kEnded,   ///< the peer has said close_notify; sending goes on
    kFailed,  ///< failure() says why; what is queued is still to be sent, then close
  };

  /// What takeLog() tells: nothing, the steps of the handshake, or every record too.
  enum class Log : std::uint8_t { kOff, kHandshake, kRecords };

  struct Wishes {
    bool askCertificate = false;
    bool askClient = false;  ///< REQUIRES that the Context authenticates clients
    Log log = Log::kOff;
  };

  /// What `plain` must have room for beyond the size of the ciphertext that is received: a record
  /// whose start came before.
  static constexpr std::size_t kHeldRecord = std::size_t{17} * 1024;

  /// Null when there is no memory for it.
  static std::unique_ptr<Session> accept(std::shared_ptr<Context> context, Wishes wishes);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] State state() const { return state_; }

  /// Takes all of `ciphertext`, puts the plaintext into `plain` and returns its size; appends to
  /// `out` what is to be sent. REQUIRES kHandshake or kOpen, and enough room (kHeldRecord). What
  /// comes with a question is kept until it is answered, what follows an end is dropped.
  std::size_t receive(Bytes ciphertext, MutableBytes plain, ByteQueue& out);

  /// REQUIRES kAskedCertificate.
  [[nodiscard]] const ClientHello& clientHello() const { return *openSsl_->clientHello; }
  /// Goes on as receive() does, with `other` in place of the Context's certificates, unless null.
  /// REQUIRES kAskedCertificate, and room for what receive() was given.
  std::size_t answerCertificate(const Certificate* other, MutableBytes plain, ByteQueue& out);
  /// Fails, with an alert. REQUIRES kAskedCertificate.
  void refuseCertificate(ByteQueue& out);

  /// Null before there is one.
  [[nodiscard]] const ClientCertificate* clientCertificate() const {
    return clientCertificate_.get();
  }
  /// Goes on as receive() does, or fails. REQUIRES kAskedClient, and room for what receive() was
  /// given.
  std::size_t answerClient(bool accept, MutableBytes plain, ByteQueue& out);

  /// Appends `start` and `rest`, one after the other, to `out` as records. REQUIRES kOpen or
  /// kEnded, and that `start` is no more than kMaxStart.
  void send(Bytes start, Bytes rest, ByteQueue& out);
  void send(Bytes plain, ByteQueue& out) { send({}, plain, out); }
  static constexpr std::size_t kMaxStart = Records::kMaxContent;
  /// Appends close_notify, once, if there is somebody who could read it. Whoever ends a connection
  /// says it first (RFC 8446 §6.1).
  void close(ByteQueue& out);
  /// The peer has closed its side. Fails if it had more to say.
  void onEndOfInput();

  /// A sentence. REQUIRES kFailed.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// Empty while the handshake is not done.
  [[nodiscard]] Negotiated negotiated() const;
  /// Whether Records have taken over.
  [[nodiscard]] bool ownsRecords() const { return records_ != nullptr; }
  /// What happened since the last call, a sentence per line; empty unless it was wished for.
  [[nodiscard]] std::string takeLog();

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  /// What there is until Records take over; for good where they cannot.
  struct OpenSsl {
    Pipe pipe;
    std::unique_ptr<ssl_st, FreeSsl> ssl;
    std::unique_ptr<ClientHello> clientHello;
    TrafficSecrets secrets;
    int verifyError = 0;
    bool certificateAnswered = false;
    const char* refusal = nullptr;  ///< why there is no certificate for the client
    bool finishedSent = false;      ///< from here on come the secrets that Records need
  };

  Session(std::shared_ptr<Context> context, Wishes wishes);

  int onClientHello(int& alert) override;
  int onVerify(bool fits, x509_store_ctx_st* store) override;
  void onKeyLog(std::string_view line) override;
  void onServerKeyExchange() override;
  void onRenegotiation() override { renegotiates_ = true; }
  void onMessage(bool sent, int type, Bytes message) override;

  std::size_t receiveHeld(MutableBytes plain, ByteQueue& out);
  void refuse(const char* why, ByteQueue& out);
  void shakeHands();
  void onHandshakeDone();
  void setKeyLogCallback();
  void takeOver();
  void keepKeyExchange();
  void keepClientCertificate();
  std::size_t read(Bytes ciphertext, MutableBytes plain, ByteQueue& out);
  std::size_t readOpenSsl(MutableBytes plain);
  void sendOpenSsl(Bytes plain);
  void fail(std::string reason);
  void failAsOpenSsl();
  void say(std::string_view sentence);

  // Constant after construction.
  std::shared_ptr<Context> context_;
  Wishes wishes_;
  // Changes with the handshake.
  State state_ = State::kHandshake;
  bool resumed_ = false;
  bool renegotiates_ = false;
  bool closed_ = false;
  std::uint16_t version_ = 0;
  std::uint16_t keyExchangeBits_ = 0;
  const ssl_cipher_st* cipher_ = nullptr;
  std::string_view keyExchange_;
  std::unique_ptr<ClientCertificate> clientCertificate_;
  std::string failure_;
  std::string log_;
  ByteQueue held_;  ///< ciphertext that came with a question
  std::unique_ptr<OpenSsl> openSsl_;
  // Changes with every record.
  std::unique_ptr<Records> records_;
};

}  // namespace wss::tls
