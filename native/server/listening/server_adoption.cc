// SPDX-License-Identifier: MIT
// The connections that somebody else has accepted, and gives to the server.
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "http/answer.h"
#include "server/listening/server.h"

namespace wss::server {
namespace {

/// Answers, as far as the kernel takes it at once, and closes the descriptor.
void turnAway(int fd, std::string_view reason) {
  ByteQueue answer;
  http::appendRejection(answer, 503, reason, {});
  const Bytes bytes = std::as_const(answer).bytes();
#ifdef MSG_NOSIGNAL
  constexpr int kNoSignal = MSG_NOSIGNAL;
#else
  constexpr int kNoSignal = 0;
#endif
  (void)::send(fd, bytes.data(), bytes.size(), kNoSignal);
  ::shutdown(fd, SHUT_WR);
  ::close(fd);
}

}  // namespace

Result<std::int32_t> Server::adopt(int fd, Bytes head, const http::Answer* answer) {
  Result<int> own = net::duplicate(fd);
  if (!own.ok()) return own.error();
  return take({.fd = own.value(), .local = std::nullopt, .head = head, .answer = answer},
              net::peerOf(fd));
}

Result<Server::Bridged> Server::bridge(const net::Address& remote, const net::Address& local,
                                       Bytes head, const http::Answer* answer) {
  auto pair = net::openPair();
  if (!pair.ok()) return pair.error();
  const auto [own, other] = pair.value();
  auto taken = take({.fd = own, .local = local, .head = head, .answer = answer}, remote);
  if (taken.ok()) return Bridged{taken.value(), other};
  ::close(other);
  return taken.error();
}

Result<std::int32_t> Server::take(const GivenConnection& given, const net::Address& remote) {
  if (given.head.empty()) {
    ::close(given.fd);
    return makeError(ErrorCode::kInvalidArgument, "give the head of the request");
  }
  if (!takesClients()) {
    readClientLists();
    checkDescriptorLimit();
  }
  adopts_ = true;
  if (const std::string_view reason = whyTooMany(remote); !reason.empty()) {
    turnAway(given.fd, reason);
    onAcceptError(makeError(ErrorCode::kTooManyOpenFiles, reason), 1);
    return 0;
  }
  Connection& connection = addConnection(remote);
  const std::int32_t id = connection.id();
  const Result<void> adopted = connection.adopt(given, admits(remote));
  if (!adopted.ok()) {
    remove(id);
    return adopted.error();
  }
  return connection.hasBeenOpen() || !connection.isLeaving() ? id : 0;
}

}  // namespace wss::server
