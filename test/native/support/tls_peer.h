// SPDX-License-Identifier: MIT
// A Peer that speaks TLS, with the client's side of tls/, and certificates for both sides.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server_fixture.h"
#include "tls/certificates/certificate.h"
#include "tls/sessions/client_session.h"

namespace wss::test {

/// A certificate for `commonName` that it has signed itself, with its key.
inline tls::Certificate makeCertificate(std::string_view commonName) {
  constexpr long kHour = 3600;
  const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::shared_ptr<X509> made(X509_new(), X509_free);
  mustBe(key != nullptr && made != nullptr, "no memory for a certificate");
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kHour);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(commonName.data()),
                             static_cast<int>(commonName.size()), -1, 0);
  X509_set_issuer_name(made.get(), name);
  mustBe(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "a certificate cannot be signed");
  return tls::Certificate(made, key);
}

/// A client that trusts whoever is there, and shows `certificate`, if there is one.
inline tls::ClientOptions credulous(std::optional<tls::Certificate> certificate = std::nullopt) {
  tls::ClientOptions options;
  options.verify = false;
  options.certificate = std::move(certificate);
  return options;
}

class TlsPeer {
 public:
  using State = tls::ClientSession::State;

  explicit TlsPeer(int port, tls::ClientOptions options = credulous(),
                   const tls::ClientSession::Ticket& ticket = nullptr)
      : peer_(port) {
    options.resume = true;
    auto context = tls::ClientContext::create(std::move(options));
    mustBe(context.ok(), "a client without a context");
    session_ = tls::ClientSession::connect(context.value(), ticket, output_);
    transmit();
  }

  [[nodiscard]] Peer& socket() { return peer_; }
  [[nodiscard]] tls::ClientSession& session() { return *session_; }

  void send(std::string_view plain) {
    session_->send(bytesOf(plain), output_);
    transmit();
  }
  /// Everything that has come since the last take(), after what the handshake wants sent.
  const std::string& received() {
    const std::string ciphertext = peer_.take();
    const State state = session_->state();
    if (!ciphertext.empty() && (state == State::kHandshake || state == State::kOpen)) {
      std::vector<std::uint8_t> plain(ciphertext.size() + tls::ClientSession::kHeldRecord);
      const std::size_t size = session_->receive(bytesOf(ciphertext), plain, output_);
      received_ += textOf(Bytes(plain.data(), size));
      transmit();
    }
    return received_;
  }
  std::string take() {
    received();
    return std::exchange(received_, {});
  }
  State state() { return received(), session_->state(); }
  void sayGoodbye() {
    session_->close(output_);
    transmit();
  }

 private:
  void transmit() {
    if (!output_.empty()) peer_.send(textOf(output_.bytes()));
    output_.clear();
  }

  Peer peer_;
  ByteQueue output_;
  std::unique_ptr<tls::ClientSession> session_;
  std::string received_;
};

/// Has `peer` open a WebSocket and returns its id.
inline std::int32_t open(ServerFixture& fixture, TlsPeer& peer) {
  const std::size_t before = fixture.count(EventKind::kConnected);
  mustBe(fixture.until([&] { return peer.state() == TlsPeer::State::kOpen; }), "no handshake");
  peer.send(request());
  const bool opened = fixture.until([&] { return fixture.count(EventKind::kConnected) > before; });
  mustBe(opened, "the WebSocket did not open");
  mustBe(fixture.until([&] { return peer.received().ends_with("\r\n\r\n"); }), "no answer");
  mustBe(peer.take() == kSwitching, "another answer");
  return fixture.last(EventKind::kConnected).id;
}

}  // namespace wss::test
