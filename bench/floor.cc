// SPDX-License-Identifier: MIT
// The floor of the benchmark: the least that a WebSocket echo server can do, in one thread on raw
// epoll. It sends each frame back as its bytes come in, unmasked in their place, and checks
// nothing, so it is no server to use; what it costs is what the kernel costs. With PUBLISH=1 in its
// environment each frame goes to all connections instead, in one system call for each.
//
// Usage: floor            prints "listening PORT" when it does

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "ws/frame.h"

namespace {

constexpr std::size_t kBufferSize = std::size_t{256} * 1024;
constexpr std::size_t kHeaderSize = 14;  // at most
constexpr std::string_view kKeyName = "Sec-WebSocket-Key: ";
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

struct Connection {
  int fd = -1;
  bool open = false;
  bool closing = false;
  bool watchesWritable = false;
  std::uint8_t headerSize = 0;  // of what there is of a header that has not come in whole
  std::uint8_t header[kHeaderSize] = {};
  wss::ws::MaskKey key{};       // for the next byte of the payload
  std::uint64_t remaining = 0;  // of the payload
  std::string queue;            // the request, later what the kernel has yet to take
};

struct Header {
  std::size_t size;
  std::uint64_t length;
};

/// False when the header has not come in whole.
bool readHeader(const std::uint8_t* bytes, std::size_t available, Header* header) {
  if (available < 6) return false;
  const unsigned length = bytes[1] & 0x7F;
  const std::size_t extended = length < 126 ? 0 : length == 126 ? 2 : 8;
  header->size = 6 + extended;
  header->length = extended == 0 ? length : 0;
  if (available < header->size) return false;
  for (std::size_t i = 0; i < extended; ++i) header->length = header->length << 8 | bytes[2 + i];
  return true;
}

class Floor {
 public:
  explicit Floor(bool publishes)
      : publishes_(publishes), epoll_(epoll_create1(0)), memory_(kHeaderSize + kBufferSize) {}

  int run();

 private:
  void acceptAll();
  void onReadable(Connection* connection);
  void upgrade(Connection* connection, std::string_view received);
  void echo(Connection* connection, std::uint8_t* bytes, std::size_t size);
  void publish(bool whole, const std::uint8_t* bytes, std::size_t size);
  void send(Connection* connection, const std::uint8_t* bytes, std::size_t size);
  void close(Connection* connection);

  bool publishes_;
  int epoll_;
  int listener_ = -1;
  std::vector<std::uint8_t> memory_;  // room for a header, then the receive buffer
  std::vector<Connection*> open_;     // those to publish to
  std::string published_;             // frames of which the end has not come
};

int Floor::run() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) return 1;
  if (listen(listener_, SOMAXCONN) != 0) return 1;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening %d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  epoll_event interest{EPOLLIN, {nullptr}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &interest);
  epoll_event events[1024];
  for (;;) {
    const int count = epoll_wait(epoll_, events, 1024, -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection == nullptr) {
        acceptAll();
      } else if (events[i].events == EPOLLOUT) {
        send(connection, nullptr, 0);
      } else {
        onReadable(connection);
      }
    }
  }
}

void Floor::acceptAll() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* connection = new Connection;
    connection->fd = fd;
    epoll_event interest{EPOLLIN, {connection}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest);
  }
}

void Floor::onReadable(Connection* connection) {
  std::uint8_t* buffer = memory_.data() + kHeaderSize;
  const ssize_t count = recv(connection->fd, buffer, kBufferSize, 0);
  if (count <= 0) {
    close(connection);
    return;
  }
  const auto size = static_cast<std::size_t>(count);
  if (!connection->open) {
    upgrade(connection, {reinterpret_cast<const char*>(buffer), size});
    return;
  }
  const std::size_t before = std::exchange(connection->headerSize, std::uint8_t{0});
  std::memcpy(buffer - before, connection->header, before);
  echo(connection, buffer - before, before + size);
}

void Floor::upgrade(Connection* connection, std::string_view received) {
  std::string& request = connection->queue;
  request.append(received);
  const std::size_t keyAt = request.find(kKeyName);
  if (!request.ends_with("\r\n\r\n") || keyAt == std::string::npos) return;
  const std::string key = request.substr(keyAt + kKeyName.size(), 24);
  const std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      wss::base64Encode(wss::sha1(wss::bytesOf(key + std::string(kGuid)))) + "\r\n\r\n";
  connection->open = true;
  request = {};
  open_.push_back(connection);
  send(connection, reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size());
}

/// An answer is never longer than what it answers, and so is made in its place.
void Floor::echo(Connection* connection, std::uint8_t* bytes, std::size_t size) {
  std::uint8_t* out = bytes;
  std::size_t at = 0;
  for (;;) {
    const auto piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(connection->remaining, size - at));
    // Forward, and so also when the target lies before the source.
    wss::ws::applyMask(out, bytes + at, piece, connection->key);
    out += piece;
    at += piece;
    connection->remaining -= piece;
    connection->key = connection->key.after(piece);
    Header header;
    if (connection->remaining > 0 || !readHeader(bytes + at, size - at, &header)) break;

    std::memcpy(connection->key.bytes, bytes + at + header.size - 4, 4);
    connection->remaining = header.length;
    connection->closing |= (bytes[at] & 0x0F) == 8;
    bytes[at + 1] &= 0x7F;
    std::memmove(out, bytes + at, header.size - 4);
    out += header.size - 4;
    at += header.size;
  }
  connection->headerSize = static_cast<std::uint8_t>(size - at);
  std::memcpy(connection->header, bytes + at, size - at);
  const auto answered = static_cast<std::size_t>(out - bytes);
  if (publishes_ && !connection->closing) {
    publish(connection->remaining == 0, bytes, answered);
    return;
  }
  const std::size_t queued = connection->queue.size();
  if (connection->remaining > 0 && queued + answered < kBufferSize) {
    connection->queue.append(reinterpret_cast<const char*>(bytes), answered);
  } else {
    send(connection, bytes, answered);
  }
}

void Floor::publish(bool whole, const std::uint8_t* bytes, std::size_t size) {
  published_.append(reinterpret_cast<const char*>(bytes), size);
  if (!whole || published_.empty()) return;
  const auto* const frames = reinterpret_cast<const std::uint8_t*>(published_.data());
  for (Connection* connection : open_) send(connection, frames, published_.size());
  published_.clear();
}

void Floor::send(Connection* connection, const std::uint8_t* bytes, std::size_t size) {
  std::string& queue = connection->queue;
  if (!queue.empty()) {
    queue.append(reinterpret_cast<const char*>(bytes), size);
    bytes = reinterpret_cast<const std::uint8_t*>(queue.data());
    size = queue.size();
  }
  const ssize_t sent = size == 0 ? 0 : ::send(connection->fd, bytes, size, MSG_NOSIGNAL);
  const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  if (!queue.empty()) {
    queue.erase(0, done);
  } else if (done < size) {
    queue.assign(reinterpret_cast<const char*>(bytes) + done, size - done);
  }
  if (queue.empty() && connection->closing) shutdown(connection->fd, SHUT_WR);

  if (queue.empty() != connection->watchesWritable) return;
  connection->watchesWritable = !queue.empty();
  epoll_event interest{queue.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT, {connection}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd, &interest);
}

void Floor::close(Connection* connection) {
  ::close(connection->fd);
  std::erase(open_, connection);
  delete connection;
}

}  // namespace

int main() {
  const char* const publish = std::getenv("PUBLISH");
  return Floor(publish != nullptr && *publish == '1').run();
}
