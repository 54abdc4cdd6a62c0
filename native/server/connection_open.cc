// SPDX-License-Identifier: MIT
// How a connection begins: the questions to the application, and the opening handshake.
#include <utility>

#include "http/answer.h"
#include "http/deflate_offer.h"
#include "http/header.h"
#include "http/upgrade.h"
#include "server/connection.h"
#include "server/server.h"

namespace wss::server {

Connection::Connection(Server& server, std::int32_t id, const net::Address& remote)
    : server_(server),
      id_(id),
      remote_(remote),
      timeoutSeconds_(server.options.defaultTimeout),
      reader_(ws::Role::kServer, static_cast<std::uint64_t>(server.options.maxMessageSize)) {}

Result<void> Connection::open(int fd) {
  const Options& options = server_.options;
  const bool asks = server_.events().wants(EventKind::kConnectionRequest);
  Result<void> opened = socket_.open(server_.loop(), fd, this, !asks);
  if (!opened.ok()) return opened;
  socket_.endWhenBroken(true);
  // Most connections have inherited what they need: a system call less for each.
  if (options.tcpNoDelay != server_.listenerHasNoDelay()) socket_.setNoDelay(options.tcpNoDelay);
  socket_.setBufferSizes(options.inBufferSize, options.outBufferSize);
  socket_.setKeepAlive(
      {options.keepAliveTime, options.keepAliveInterval, options.keepAliveRetryCount});
  if (options.defaultConnectionTimeout > 0) startTimeout(options.defaultConnectionTimeout);
  const bool admitted = server_.admits(remote_);
  if (asks) {
    noteAsked();
    showPending();
    server_.events().addText(EventRecord::connectionRequest(id_, remote_.port, admitted),
                             remote_.host());
  } else {
    answerConnectionRequest(admitted);
  }
  return {};
}

void Connection::answerConnectionRequest(bool accept) {
  if (state_ != State::kAskedConnection) return;
  if (accept) return enter(server_.isSecure() ? State::kHandshake : State::kRequest);
  if (server_.logs(1)) server_.logError(id_, "Connection of " + remote_.text() + " refused");
  closeSocket(false);
}

void Connection::readRequest(MutableBytes received) {
  const std::size_t seen = input_.size();
  if (seen > 0) input_.append(received);
  // Kept here, because the views of the parsed request must outlive what happens to input_.
  ByteQueue gathered;
  gathered.swap(input_);
  const Bytes bytes = seen > 0 ? Bytes(gathered.bytes()) : Bytes(received);
  const http::Limits limits{static_cast<std::size_t>(server_.options.maxRequestHeaderSize),
                            static_cast<std::size_t>(server_.options.maxRequestHeaders)};
  const http::ParseResult parsed = http::parseUpgrade(textOf(bytes), seen, limits);
  switch (parsed.status) {
    case http::ParseResult::Status::kNeedMore:
      if (seen > 0) {
        input_.swap(gathered);
      } else {
        input_.append(received);
      }
      return showPending();
    case http::ParseResult::Status::kRejected:
      return refuse(parsed.httpStatus, parsed.reason);
    case http::ParseResult::Status::kDone:
      break;
  }
  request_ = http::PackedHead(parsed.request.uri, parsed.request.headers);
  input_.append(bytes.subspan(parsed.consumed));
  state_ = State::kAskedOpen;
  showPending();
  onRequest(parsed.request);
}

void Connection::onRequest(const http::UpgradeRequest& request) {
  server_.logRequest(id_, request, remote_);
  const std::string_view origin = request.origin;
  if (!origin.empty() && !isAllowedOrigin(server_.options.allowedOrigins, origin)) {
    return refuse(403, "The Origin is not allowed");
  }
  if (!server_.events().wants(EventKind::kWebSocketOpenRequest)) {
    return answerOpenRequest(
        {.status = 101, .subProtocol = request.subProtocols, .headers = {}, .body = {}});
  }
  noteAsked();
  server_.events().addFields(EventRecord::openRequest(id_),
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
    server_.reportError(id_, makeError(ErrorCode::kInvalidArgument, mistake));
    return refuse(500, "The application's answer was invalid");
  }
  if (status != 101) return refuse(status, "Refused by the application", headers, body);
  if (!server_.takeOpen()) return refuse(503, "MaxConnections has been reached");
  http::appendSwitchingProtocols(outgoing(),
                                 http::findHeader(request_.headers(), "Sec-WebSocket-Key"),
                                 chooseSubProtocol(subProtocol), chooseExtensions(), headers);
  deadlineTick_ = 0;
  announced_ = true;
  server_.onNotPending(id_);
  socket_.endWhenBroken(false);
  enter(State::kOpen);
  touch();
  heardTick_ = server_.now();
  checkLiveness(heardTick_);
  server_.log(1, id_, "WebSocket open");
  EventBatch& events = server_.events();
  if (events.wants(EventKind::kConnected)) events.add(EventRecord::connected(id_));
  if (events.wants(EventKind::kReadyToSend)) events.add(EventRecord::readyToSend(id_));
  // Frames that came right behind the request.
  readBacklog();
}

std::string Connection::chooseExtensions() {
  const Options& options = server_.options;
  if (!options.enablePermessageDeflate) return {};
  const std::string offers = http::joinHeaders(request_.headers(), "Sec-WebSocket-Extensions");
  http::DeflateAnswer answer = http::answerDeflateOffers(offers, deflatePolicy(options));
  if (!answer.agreed) return {};
  const http::DeflateParameters& agreed = *answer.agreed;
  deflateBits_ = static_cast<std::uint8_t>(agreed.serverMaxWindowBits & 0xF);
  reader_.allowCompression();
  if (agreed.serverContextTakeover) {
    ws::DeflateSettings settings = deflateSettings(options, agreed.serverMaxWindowBits);
    settings.contextTakeover = true;
    extra().streams.deflater = std::make_unique<ws::Deflater>(settings);
  }
  if (agreed.clientContextTakeover) {
    extra().streams.inflater = std::make_unique<ws::Inflater>(agreed.clientMaxWindowBits, true);
  }
  return std::move(answer.response);
}

std::string_view Connection::chooseSubProtocol(std::string_view wanted) const {
  // RFC 6455 §4.2.2: one of those offered, or none. A list that was left as it came is no choice.
  if (wanted.empty()) return {};
  const std::string offered = http::offeredSubProtocols(request_.headers());
  if (http::listHasToken(offered, wanted)) return wanted;
  if (wanted != offered && server_.logs(1)) {
    server_.logError(id_, "The chosen subprotocol \"" + std::string(wanted) +
                              "\" is none that the client offered: none was sent");
  }
  return {};
}

void Connection::refuse(int httpStatus, std::string_view reason, std::string_view headers,
                        std::optional<std::string_view> body) {
  if (server_.logs(1)) {
    server_.logError(id_, "Request of " + remote_.text() + " refused with status " +
                              std::to_string(httpStatus) + ": " + std::string(reason));
  }
  http::appendRejection(outgoing(), httpStatus, body.value_or(reason), headers);
  held_ = false;
  drain();
}

}  // namespace wss::server
