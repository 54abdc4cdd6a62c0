// SPDX-License-Identifier: MIT
// A connection under TLS: the handshake with its questions, and what lies between the socket and
// the frames. Without TLS nothing of it is used.
#include <memory>
#include <string>
#include <utility>

#include "server/connection/connection.h"
#include "server/connection/tunnel.h"

namespace wss::server {
namespace {

constexpr std::string_view kCutOff = "The peer closed the connection without a Close frame";

}  // namespace

class Connection::Inner final : public Tunnel {
 public:
  explicit Inner(Connection& connection) : Tunnel(connection.shared_.loop), its_(connection) {}

 private:
  void onBytes(Bytes bytes) override { its_.onTunnelBytes(bytes); }
  void onRoom() override { its_.watch(); }
  void onEnd() override { its_.onTunnelEnd(); }
  void onGone() override { its_.drain(); }

  Connection& its_;
};

bool Connection::startHandshake() {
  const EventBatch& events = shared_.events;
  const bool asksClient =
      shared_.options.sslAuthenticateClients && events.wants(EventKind::kSSLClientAuthentication);
  const bool logs = events.wants(EventKind::kSSLStatus) || shared_.log.shows(LogLevel::kDebug);
  using Told = tls::Session::Log;
  const tls::Session::Wishes wishes{
      .askCertificate = events.wants(EventKind::kSSLConnectionRequest),
      .askClient = asksClient,
      .log = !logs                           ? Told::kOff
             : shared_.options.logSSLPackets ? Told::kRecords
                                             : Told::kHandshake};
  const auto& context = shared_.tls.context;
  // There is none when the server has come to listen without TLS meanwhile, or misses its own.
  auto session = context == nullptr ? nullptr : tls::Session::accept(context, wishes);
  if (session == nullptr) {
    shared_.log.addError(id_, "There is no certificate to serve with");
    closeSocket(true);
    return false;
  }
  tls_ = std::make_unique<Tls>();
  tls_->session = std::move(session);
  return true;
}

bool Connection::receiveCiphertext(Bytes ciphertext) {
  if (state_ == State::kHandshake) shared_.handshakes.count();
  const MutableBytes plain = shared_.tls.plainBuffer();
  return onPlaintext(plain.first(tls_->session->receive(ciphertext, plain, tls_->sealed)));
}

bool Connection::onPlaintext(MutableBytes plain) {
  tls::Session& session = *tls_->session;
  reportTls();
  if (!wire().empty()) touch();
  if (state_ == State::kHandshake) onHandshake();
  if (!plain.empty() && socket_.isOpen()) onBytes(plain);
  if (!socket_.isOpen()) return false;
  switch (session.state()) {
    case tls::Session::State::kEnded:
      // A peer that has ended its side behind its last frame still gets our answer to that.
      if (isBeforeOpen(state_) || readsFrames(state_)) end(kCutOff);
      if (state_ == State::kTunnel) endTunnelInput();
      return false;
    case tls::Session::State::kFailed:
      onTlsFailure();
      return false;
    default:
      return true;
  }
}

void Connection::onHandshake() {
  tls::Session& session = *tls_->session;
  switch (session.state()) {
    case tls::Session::State::kAskedCertificate: {
      noteAsked();
      const tls::ClientHello& hello = session.clientHello();
      shared_.events.addFields(
          EventRecord::certificateRequest(id_),
          CertificateRequestFields{.serverName = hello.serverName,
                                   .supportedCipherSuites = hello.cipherSuites,
                                   .supportedSignatureAlgs = hello.signatureAlgorithms});
      return enter(State::kAskedCertificate);
    }
    case tls::Session::State::kAskedClient: {
      const tls::ClientCertificate* const client = session.clientCertificate();
      noteAsked();
      if (client == nullptr) {
        shared_.events.add(EventRecord::clientAuthentication(id_, false));
      } else {
        const tls::Certificate& certificate = client->certificate;
        const std::string encoded = certificate.encoded(shared_.options.sslIncludeCertChain);
        const std::string subject = certificate.subject();
        const std::string issuer = certificate.issuer();
        shared_.events.addFields(EventRecord::clientAuthentication(id_, client->verified),
                                 ClientCertificateFields{.certEncoded = encoded,
                                                         .certSubject = subject,
                                                         .certIssuer = issuer,
                                                         .status = client->status});
      }
      return enter(State::kAskedClient);
    }
    case tls::Session::State::kOpen:
    case tls::Session::State::kEnded:
      return enter(State::kRequest);
    default:
      return showPending();
  }
}

void Connection::answerCertificateRequest(const tls::Certificate* certificate) {
  if (state_ != State::kAskedCertificate) return;
  enter(State::kHandshake);
  const MutableBytes plain = shared_.tls.plainBuffer();
  onPlaintext(plain.first(tls_->session->answerCertificate(certificate, plain, tls_->sealed)));
}

void Connection::refuseCertificateRequest() {
  if (state_ != State::kAskedCertificate) return;
  enter(State::kHandshake);
  tls_->session->refuseCertificate(tls_->sealed);
  onPlaintext({});
}

void Connection::answerClientAuthentication(bool accept) {
  if (state_ != State::kAskedClient) return;
  enter(State::kHandshake);
  const MutableBytes plain = shared_.tls.plainBuffer();
  onPlaintext(plain.first(tls_->session->answerClient(accept, plain, tls_->sealed)));
}

tls::Negotiated Connection::negotiated() const {
  return tls_ && !isBeforeRequest(state_) ? tls_->session->negotiated() : tls::Negotiated{};
}

void Connection::openTunnel(Bytes bytes) {
  if (!shared_.owner.takeOpen()) return refuse(503, "MaxConnections has been reached");
  // It has been counted, whatever becomes of it.
  extra().tunnel = std::make_unique<Inner>(*this);
  auto opened = extra_->tunnel->open();
  if (!opened.ok()) {
    shared_.log.report(id_, opened.error());
    return refuse(503, "There are no descriptors left");
  }
  const int fd = opened.value();
  shared_.handedOver.push_back(fd);
  const net::Address here = local();
  const std::string remoteAddress = remote_.host();
  const std::string remotePort = std::to_string(remote_.port);
  const std::string localAddress = here.host();
  const std::string localPort = std::to_string(here.port);
  const tls::Negotiated agreed = negotiated();
  const tls::ClientCertificate* const client = tls_->session->clientCertificate();
  const std::string certificate = client == nullptr ? "" : client->certificate.encoded(false);
  shared_.events.addFields(
      EventRecord::handedOver(id_, fd),
      HandedOverFields{.bytes = {},
                       .remoteAddress = remoteAddress,
                       .remotePort = remotePort,
                       .localAddress = localAddress,
                       .localPort = localPort,
                       .protocol = agreed.version,
                       .cipherSuite = agreed.cipherSuite,
                       .certEncoded = certificate,
                       .status = client == nullptr ? std::string_view() : client->status});
  deadlineTick_ = 0;
  enter(State::kTunnel);
  shared_.owner.onNotPending(id_);
  extra_->tunnel->put(bytes);
}

void Connection::onTunnelBytes(Bytes bytes) {
  seal({}, bytes);
  transmit({});
}

void Connection::onTunnelEnd() {
  if (peerEnded_) return drain();
  // The peer may have more to say, as in a WebSocket of somebody else's.
  closeTls();
  transmit({});
}

void Connection::endTunnelInput() {
  peerEnded_ = true;
  extra_->tunnel->finish();
  if (extra_->tunnel->hasEnded()) return drain();
  watch();
}

void Connection::onTlsFailure() {
  const std::string reason = tls_->session->failure();
  if (shared_.log.shows(LogLevel::kInfo)) {
    shared_.log.addError(id_, "TLS with " + remote_.text() + " failed: " + reason);
  }
  if (isConnected()) {
    disconnected(static_cast<std::uint16_t>(ws::CloseCode::kAbnormal), reason);
  } else if (!announced_) {
    askable_ = false;
  }
  // The alert that says why is still to be sent.
  drain();
}

void Connection::reportTls() {
  std::string text = tls_->session->takeLog();
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (shared_.events.wants(EventKind::kSSLStatus)) {
      shared_.events.addText(EventRecord::tlsStatus(id_), line);
    }
    shared_.log.add(LogLevel::kDebug, id_, line);
  }
}

void Connection::seal(Bytes start, Bytes rest) {
  const auto state = tls_->session->state();
  if (state == tls::Session::State::kOpen || state == tls::Session::State::kEnded) {
    tls_->session->send(start, rest, tls_->sealed);
  }
}

void Connection::sealUnsent() {
  if (!tls_) return;
  ByteQueue frames;
  frames.swap(outgoing_.queue());
  seal({}, frames.bytes());
}

void Connection::closeTls() {
  if (!tls_) return;
  sealUnsent();
  tls_->session->close(tls_->sealed);
}

}  // namespace wss::server
