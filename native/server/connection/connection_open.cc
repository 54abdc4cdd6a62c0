// SPDX-License-Identifier: MIT
// How a connection begins: the questions to the application, and the opening handshake.
#include <utility>

#include "http/answer.h"
#include "http/deflate_offer.h"
#include "http/header.h"
#include "http/upgrade.h"
#include "server/access/access_lists.h"
#include "server/connection/connection.h"

namespace wss::server {
namespace {

http::Limits limitsOf(const Options& options) {
  return {static_cast<std::size_t>(options.maxRequestHeaderSize),
          static_cast<std::size_t>(options.maxRequestHeaders)};
}

}  // namespace

// Idle connections are what a server has most of. With its block of the heap each may take 224
// bytes.
static_assert(sizeof(void*) != 8 || sizeof(Connection) <= 216);

Connection::Connection(Shared& shared, std::int32_t id, const net::Address& remote)
    : shared_(shared),
      id_(id),
      remote_(remote),
      incoming_(static_cast<std::uint64_t>(shared.options.maxMessageSize)),
      timeoutSeconds_(static_cast<unsigned>(shared.options.defaultTimeout) & kTimeoutMask) {
  if (shared.options.skipUtf8Validation) incoming_.skipUtf8();
}

Result<void> Connection::setUp(int fd, bool readable, bool hasNoDelay) {
  const Options& options = shared_.options;
  Result<void> opened = socket_.open(shared_.loop, fd, this, readable);
  if (!opened.ok()) return opened;
  socket_.endWhenBroken(true);
  // Most connections have inherited what they need: a system call less for each.
  if (options.tcpNoDelay != hasNoDelay) socket_.setNoDelay(options.tcpNoDelay);
  socket_.setBufferSizes(options.inBufferSize, options.outBufferSize);
  socket_.setKeepAlive(
      {options.keepAliveTime, options.keepAliveInterval, options.keepAliveRetryCount});
  if (options.defaultConnectionTimeout > 0) startTimeout(options.defaultConnectionTimeout);
  return {};
}

Result<void> Connection::open(int fd, bool admitted, bool hasNoDelay) {
  const bool asks = shared_.events.wants(EventKind::kConnectionRequest);
  Result<void> opened = setUp(fd, !asks, hasNoDelay);
  if (!opened.ok()) return opened;
  if (asks) {
    noteAsked();
    showPending();
    shared_.events.addText(EventRecord::connectionRequest(id_, remote_.port, admitted),
                           remote_.host());
  } else {
    answerConnectionRequest(admitted);
  }
  return {};
}

Result<void> Connection::adopt(const GivenConnection& given, bool admitted) {
  noteAsked();
  if (given.local) {
    bridged_ = true;
    extra().local = *given.local;
  }
  incoming_.kept().append(given.head);
  // Whether it has TCP_NODELAY set is not known.
  const bool hasNoDelay = !shared_.options.tcpNoDelay;
  if (given.answer == nullptr) return open(given.fd, admitted, hasNoDelay);
  Result<void> opened = setUp(given.fd, true, hasNoDelay);
  if (opened.ok()) readGiven(admitted, given.answer);
  return opened;
}

void Connection::answerConnectionRequest(bool accept) {
  if (state_ != State::kAskedConnection) return;
  // Only one that is adopted has brought something along.
  if (!incoming_.kept().empty()) return readGiven(accept, nullptr);
  if (accept)
    return enter(shared_.tls.isSecure(shared_.options) ? State::kHandshake : State::kRequest);
  if (shared_.log.shows(LogLevel::kInfo))
    shared_.log.addError(id_, "Connection of " + remote_.text() + " refused");
  closeSocket(false);
}

void Connection::readRequest(MutableBytes received) {
  ByteQueue& kept = incoming_.kept();
  const std::size_t seen = kept.size();
  if (seen > 0) kept.append(received);
  // Kept here, because the views of the parsed request must outlive what happens to `kept`.
  ByteQueue gathered;
  gathered.swap(kept);
  const Bytes bytes = seen > 0 ? Bytes(gathered.bytes()) : Bytes(received);
  const http::Limits limits = limitsOf(shared_.options);
  const auto handedOver =
      shared_.closesAsWs ? http::Others::kMistakesToo : http::Others::kHandedOver;
  const auto others = shared_.handsOver ? handedOver : http::Others::kRefused;
  const http::ParseResult parsed = http::parseUpgrade(textOf(bytes), seen, limits, others);
  switch (parsed.status) {
    case http::ParseResult::Status::kNeedMore:
      if (seen > 0) {
        kept.swap(gathered);
      } else {
        kept.append(received);
      }
      return showPending();
    case http::ParseResult::Status::kOther:
      return handOver(bytes);
    case http::ParseResult::Status::kRejected:
      return refuse(parsed.httpStatus, parsed.reason);
    case http::ParseResult::Status::kDone:
      break;
  }
  onRequest(parsed, bytes, nullptr);
}

void Connection::handOver(Bytes bytes) {
  shared_.log.add(LogLevel::kDebug, id_, "Handed over: the request is for the HTTP server");
  askable_ = false;
  if (tls_) return openTunnel(bytes);
  enter(State::kClosed);
  deadlineTick_ = 0;
  shared_.owner.onNotPending(id_);
  const int fd = socket_.release();
  shared_.handedOver.push_back(fd);
  HandedOverFields fields;
  fields.bytes = textOf(bytes);
  shared_.events.addFields(EventRecord::handedOver(id_, fd), fields);
}

void Connection::readGiven(bool accept, const http::Answer* answer) {
  enter(State::kRequest);
  if (!accept) return refuse(403, "The client's address is not allowed");
  ByteQueue gathered;
  gathered.swap(incoming_.kept());
  const Bytes bytes = std::as_const(gathered).bytes();
  const http::ParseResult parsed = http::parseUpgrade(textOf(bytes), 0, limitsOf(shared_.options));
  if (parsed.status == http::ParseResult::Status::kDone) return onRequest(parsed, bytes, answer);
  // It has been parsed before, and is whole.
  if (parsed.status == http::ParseResult::Status::kNeedMore)
    return refuse(400, "The head of the request has no end");
  refuse(parsed.httpStatus, parsed.reason);
}

void Connection::onRequest(const http::ParseResult& parsed, Bytes bytes,
                           const http::Answer* answer) {
  const http::UpgradeRequest& request = parsed.request;
  request_ = http::PackedHead(request.uri, request.headers);
  incoming_.kept().append(bytes.subspan(parsed.consumed));
  setState(State::kAskedOpen);
  showPending();
  shared_.log.addRequest(id_, request, remote_);
  const std::string_view origin = request.origin;
  if (!origin.empty() && !isAllowedOrigin(shared_.options.allowedOrigins, origin)) {
    return refuse(403, "The Origin is not allowed");
  }
  if (answer != nullptr) return answerOpenRequest(*answer);
  if (!shared_.events.wants(EventKind::kWebSocketOpenRequest)) {
    return answerOpenRequest(
        {.status = 101, .subProtocol = request.subProtocols, .headers = {}, .body = {}});
  }
  noteAsked();
  shared_.events.addFields(EventRecord::openRequest(id_),
                           OpenRequestFields{.requestURI = request.uri,
                                             .hostHeader = request.host,
                                             .originHeader = request.origin,
                                             .subProtocols = request.subProtocols,
                                             .extensions = request.extensions,
                                             .requestHeaders = request.headers});
  watch();
}

void Connection::answerOpenRequest(const http::Answer& answer) {
  if (state_ != State::kAskedOpen) return;
  const auto& [status, subProtocol, headers, body] = answer;
  if (const std::string_view mistake = http::mistakeIn(answer); !mistake.empty()) {
    shared_.log.report(id_, makeError(ErrorCode::kInvalidArgument, mistake));
    return refuse(500, "The application's answer was invalid");
  }
  if (status != 101) return refuse(status, "Refused by the application", headers, body);
  if (!shared_.owner.takeOpen()) return refuse(503, "MaxConnections has been reached");
  const std::string_view agreed = chooseSubProtocol(subProtocol);
  getsEnvelopes_ = !agreed.empty() && agreed == shared_.envelopeProtocol;
  http::appendSwitchingProtocols(outgoing_.queue(),
                                 http::findHeader(request_.headers(), "Sec-WebSocket-Key"), agreed,
                                 chooseExtensions(), headers);
  deadlineTick_ = 0;
  announced_ = true;
  shared_.owner.onNotPending(id_);
  socket_.endWhenBroken(false);
  enter(State::kOpen);
  touch();
  liveness_.hear(shared_.now());
  checkLiveness(shared_.now());
  shared_.log.add(LogLevel::kInfo, id_, "WebSocket open");
  EventBatch& events = shared_.events;
  if (events.wants(EventKind::kConnected)) events.add(EventRecord::connected(id_));
  if (events.wants(EventKind::kReadyToSend)) events.add(EventRecord::readyToSend(id_));
  // Frames that came right behind the request.
  readBacklog();
}

std::string Connection::chooseExtensions() {
  const Options& options = shared_.options;
  if (!options.enablePermessageDeflate) return {};
  const std::string offers = http::joinHeaders(request_.headers(), "Sec-WebSocket-Extensions");
  http::DeflateAnswer answer = http::answerDeflateOffers(offers, deflatePolicy(options));
  if (!answer.agreed) return {};
  const http::DeflateParameters& agreed = *answer.agreed;
  std::unique_ptr<ws::Deflater> ownDeflater;
  if (agreed.serverContextTakeover) {
    ws::DeflateSettings settings = deflateSettings(options, agreed.serverMaxWindowBits);
    settings.contextTakeover = true;
    ownDeflater = std::make_unique<ws::Deflater>(settings);
  }
  outgoing_.agreeOnCompression(static_cast<unsigned>(agreed.serverMaxWindowBits),
                               std::move(ownDeflater));
  std::unique_ptr<ws::Inflater> ownInflater;
  if (agreed.clientContextTakeover) {
    ownInflater = std::make_unique<ws::Inflater>(agreed.clientMaxWindowBits, true);
  }
  incoming_.agreeOnCompression(std::move(ownInflater));
  return std::move(answer.response);
}

std::string_view Connection::chooseSubProtocol(std::string_view wanted) const {
  // RFC 6455 §4.2.2: one of those offered, or none. A list that was left as it came is no choice.
  if (wanted.empty()) return {};
  const std::string offered = http::offeredSubProtocols(request_.headers());
  if (http::listHasToken(offered, wanted)) return wanted;
  if (wanted != offered && shared_.log.shows(LogLevel::kInfo)) {
    shared_.log.addError(id_, "The chosen subprotocol \"" + std::string(wanted) +
                                  "\" is none that the client offered: none was sent");
  }
  return {};
}

void Connection::refuse(int httpStatus, std::string_view reason, std::string_view headers,
                        std::optional<std::string_view> body) {
  if (shared_.log.shows(LogLevel::kInfo)) {
    shared_.log.addError(id_, "Request of " + remote_.text() + " refused with status " +
                                  std::to_string(httpStatus) + ": " + std::string(reason));
  }
  http::appendRejection(outgoing_.queue(), httpStatus, body.value_or(reason), headers);
  askable_ = false;
  drain();
}

}  // namespace wss::server
