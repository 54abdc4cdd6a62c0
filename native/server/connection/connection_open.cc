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

// Idle connections are what a server has most of. With its block of the heap each may take 224
// bytes.
static_assert(sizeof(void*) != 8 || sizeof(Connection) <= 216);

Connection::Connection(Shared& shared, std::int32_t id, const net::Address& remote)
    : shared_(shared),
      id_(id),
      remote_(remote),
      incoming_(static_cast<std::uint64_t>(shared.options.maxMessageSize)),
      timeoutSeconds_(static_cast<unsigned>(shared.options.defaultTimeout) & kTimeoutMask) {}

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

Result<void> Connection::adopt(int fd, bool admitted, MutableBytes head,
                               const http::Answer* answer) {
  Result<void> opened = setUp(fd, true, !shared_.options.tcpNoDelay);
  if (!opened.ok()) return opened;
  setState(State::kRequest);
  if (!admitted) {
    refuse(403, "The client's address is not allowed");
    return {};
  }
  const http::Limits limits{head.size(), head.size()};
  const http::ParseResult parsed =
      http::parseUpgrade(textOf(head), 0, limits, http::Others::kRefused);
  if (parsed.status == http::ParseResult::Status::kDone) {
    request_ = http::PackedHead(parsed.request.uri, parsed.request.headers);
    incoming_.kept().append(Bytes(head).subspan(parsed.consumed));
    setState(State::kAskedOpen);
    showPending();
    onRequest(parsed.request, answer);
  } else if (parsed.status == http::ParseResult::Status::kRejected) {
    refuse(parsed.httpStatus, parsed.reason);
  } else {
    refuse(400, "The head of the request is not whole");
  }
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

void Connection::answerConnectionRequest(bool accept) {
  if (state_ != State::kAskedConnection) return;
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
  const http::Limits limits{static_cast<std::size_t>(shared_.options.maxRequestHeaderSize),
                            static_cast<std::size_t>(shared_.options.maxRequestHeaders)};
  const auto others = shared_.handsOver ? http::Others::kHandedOver : http::Others::kRefused;
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
  request_ = http::PackedHead(parsed.request.uri, parsed.request.headers);
  kept.append(bytes.subspan(parsed.consumed));
  setState(State::kAskedOpen);
  showPending();
  onRequest(parsed.request, nullptr);
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

void Connection::onRequest(const http::UpgradeRequest& request, const http::Answer* given) {
  shared_.log.addRequest(id_, request, remote_);
  const std::string_view origin = request.origin;
  if (!origin.empty() && !isAllowedOrigin(shared_.options.allowedOrigins, origin)) {
    return refuse(403, "The Origin is not allowed");
  }
  if (given != nullptr) return answerOpenRequest(*given);
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
