// SPDX-License-Identifier: MIT
// A server on a loop of its own, and clients on the same machine that are nothing but bytes, all in
// one thread: the server runs when it is told to, in turns like those of the addon, and handlers
// answer within a turn as JavaScript would. Whatever cannot be true throws.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "clock.h"
#include "folder.h"
#include "ignored_setting.h"
#include "net/loop.h"
#include "reference.h"
#include "server/events/event_batch.h"
#include "server/events/fields.h"
#include "server/listening/server.h"
#include "wire.h"
#include "ws/frame.h"

namespace wss::test {

using server::EventKind;

/// A client on a plain socket that never waits.
class Peer {
 public:
  /// Connects to 127.0.0.1; the system does so before the server has accepted. A small
  /// `receiveBuffer` makes the server feel early that nobody reads.
  explicit Peer(int port, int receiveBuffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receiveBuffer > 0) set(SO_RCVBUF, receiveBuffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  /// Connects to a socket in the file system, through which all has arrived when it is sent.
  explicit Peer(const std::string& file) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    mustBe(file.size() < sizeof address.sun_path, "a path that is too long");
    file.copy(address.sun_path, file.size());
    connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(); }

  /// Sends as much as the kernel takes at once, and returns how much that was.
  std::size_t offer(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void send(std::string_view bytes) {
    mustBe(offer(bytes) == bytes.size(), "the kernel did not take all that a client sends");
  }

  /// Everything that has come since the last take().
  const std::string& received() {
    char buffer[16 * 1024];
    while (!ended_) {
      const ssize_t count = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) break;
      if (count <= 0) {
        ended_ = true;
        wasReset_ = count < 0;
      } else {
        received_.append(buffer, static_cast<std::size_t>(count));
      }
    }
    return received_;
  }
  std::string take() {
    received();
    return std::exchange(received_, {});
  }
  /// Whether the server has closed its side, and all before that has been received.
  bool ended() { return received(), ended_; }
  bool wasReset() { return received(), wasReset_; }

  /// No more will be sent (FIN).
  void finish() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger none{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close();
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  void set(int option, int value) { ::setsockopt(fd_, SOL_SOCKET, option, &value, sizeof value); }
  void connect(const sockaddr* address, socklen_t size) const {
    mustBe(::connect(fd_, address, size) == 0, "a client could not connect");
  }

  int fd_;
  std::string received_;
  bool ended_ = false;
  bool wasReset_ = false;
};

/// The fields of a payload that has some.
inline std::vector<std::string> fieldsIn(std::string_view payload) {
  std::vector<std::string> fields;
  while (!payload.empty()) fields.emplace_back(server::takeField(payload));
  return fields;
}

/// Commands and their payloads, laid out as lib/boundary/outbox.ts does.
class Outbox {
 public:
  void message(std::int32_t id, ws::Opcode opcode, std::string_view payload) {
    arena_.append(ws::headerSize(payload.size()), '\0');
    add(id, static_cast<std::int32_t>(opcode), payload);
  }
  void text(std::int32_t id, std::string_view payload) { message(id, ws::Opcode::kText, payload); }
  /// Texts, short ones, that are written one after the other.
  void texts(std::int32_t id, std::span<const std::string_view> payloads) {
    std::string gathered;
    const std::size_t first = commands_.size();
    for (const std::string_view payload : payloads) {
      message(id, ws::Opcode::kText, payload);
      commands_.back().kind |= server::kGathered;
      std::fill_n(arena_.rbegin(), payload.size(), '?');
      gathered += payload;
    }
    commands_.at(first).kind |= static_cast<std::int32_t>(arena_.size() << server::kOperandShift);
    arena_ += gathered;
  }
  void answerConnection(std::int32_t id, bool accept) {
    commands_.push_back({id, server::kAnswerConnection, 0, accept ? 1 : 0});
  }
  void answerOpen(std::int32_t id, int status, std::string_view subProtocol = {},
                  std::string_view headers = {},
                  std::optional<std::string_view> body = std::nullopt) {
    std::vector<std::string_view> fields = {subProtocol, headers};
    if (body) fields.push_back(*body);
    std::string payload;
    for (const std::string_view field : fields) {
      const std::size_t end = payload.size();
      payload.append(server::kFieldHead + field.size(), '?');
      server::putField(reinterpret_cast<std::uint8_t*>(payload.data()) + end, field);
    }
    add(id, server::kAnswerOpen | status << server::kOperandShift, payload);
  }

  void perform(server::Server& server) {
    const std::vector<server::Command> commands = std::exchange(commands_, {});
    ExactBuffer arena(bytesOf(std::exchange(arena_, {})));
    server.perform(commands, arena.bytes());
  }

 private:
  void add(std::int32_t id, std::int32_t kind, std::string_view payload) {
    commands_.push_back({id, kind, static_cast<std::int32_t>(arena_.size()),
                         static_cast<std::int32_t>(payload.size())});
    arena_.append(payload);
  }

  std::vector<server::Command> commands_;
  std::string arena_;
};

struct Event {
  EventKind kind;
  std::int32_t id;
  std::int32_t flags;
  std::int32_t value;
  std::string payload;
  std::int32_t token = 0;
};

class ServerFixture : private server::ChunkSource {
 public:
  /// Listens on any port of 127.0.0.1, by the system's clock.
  ServerFixture() : ServerFixture("127.0.0.1") {}
  explicit ServerFixture(net::Loop::Clock clock) : ServerFixture("127.0.0.1", clock) {}
  /// Listens on any port of `host`. Nobody asks for the questions and the Log at first.
  explicit ServerFixture(std::string host, net::Loop::Clock clock = nullptr)
      : loop_(std::move(net::Loop::create(clock).value())),
        batch_(*this),
        status_(kSlots),
        server_(std::make_unique<server::Server>(*loop_, batch_, status_)) {
    options().localHost = std::move(host);
    want({EventKind::kConnected, EventKind::kReadyToSend, EventKind::kDataIn, EventKind::kPing,
          EventKind::kDisconnected, EventKind::kError});
    mustBe(server_->startListening().ok(), "the server does not listen");
  }

  [[nodiscard]] server::Server& server() {
    ignoreSetting(options());
    return *server_;
  }
  /// To be written as well: tests set fields, where users give Server::set() a text.
  [[nodiscard]] server::Options& options() {
    return const_cast<server::Options&>(server_->options());
  }
  [[nodiscard]] net::Loop& loop() { return *loop_; }
  [[nodiscard]] int port() const { return server_->options().localPort; }
  [[nodiscard]] std::int32_t statusOf(std::int32_t id) const {
    return status_.at(static_cast<std::size_t>(id & server::kSlotMask));
  }
  void destroyServer() { server_.reset(); }

  void want(std::initializer_list<EventKind> kinds) {
    batch_.setWanted(wanted_ = 0);
    for (const EventKind kind : kinds) alsoWant(kind);
  }
  void alsoWant(EventKind kind) {
    wanted_ |= 1U << static_cast<unsigned>(kind);
    batch_.setWanted(wanted_);
  }

  /// What the application says in the next turn, or in this one when a handler says it.
  Outbox outbox;
  /// Is called for each event, as JavaScript's handlers are.
  std::function<void(const Event&)> onEvent;
  /// Every event so far.
  std::vector<Event> events;

  /// One turn: what is ready, its events, and what the handlers want done.
  void turn(int waitMs = 0) {
    if (server_ != nullptr) ignoreSetting(options());
    loop_->run(loop_->pending() ? 0 : waitMs);
    handle();
  }

  /// The part of a turn that comes after the loop has run.
  void handle() {
    constexpr int kRounds = 4;
    for (int round = 0; round < kRounds; ++round) {
      deliver();
      loop_->updateTime();
      outbox.perform(*server_);
      server_->endTurn();
      if (batch_.empty()) return;
    }
    loop_->wake();
  }

  /// Turns until `condition` holds; false when it does not within `limitMs`, which by default is
  /// enough on a busy machine.
  bool until(const std::function<bool()>& condition, std::uint64_t limitMs = 60'000) {
    constexpr std::uint64_t kStuckMs = 1000;
    const std::uint64_t start = steadyMs();
    turn();
    while (!condition()) {
      const std::uint64_t waited = steadyMs() - start;
      if (waited >= limitMs) return false;
      // What the kernel moves late counts as progress, and begins a deadline anew: for that to be
      // over, ManualClock's time must go on.
      if (waited >= kStuckMs) pass(50);
      turn(5);
    }
    return true;
  }

  /// Lets so much of ManualClock's time pass, with turns in between.
  void pass(std::uint64_t ms) {
    constexpr std::uint64_t kStep = 50;
    for (; ms > 0; ms -= std::min(ms, kStep)) {
      ManualClock::nowMs += std::min(ms, kStep);
      turn();
    }
  }

  /// Hands the events over, without asking for new ones.
  void deliver() {
    const std::vector<std::int32_t> ended = server_->takeEnded();
    std::vector<Event> delivered;
    for (const server::EventRecord& record : batch_.records()) delivered.push_back(read(record));
    batch_.clear(server::EventBatch::Keep::kNone);
    chunks_.clear();
    adopted_.clear();
    for (Event& event : delivered) {
      if (onEvent) onEvent(event);
      events.push_back(std::move(event));
    }
    server_->release(ended);
  }

  /// Has `peer` open a WebSocket and returns its id.
  std::int32_t open(Peer& peer, std::string_view lines = {}) {
    const std::size_t before = count(EventKind::kConnected);
    peer.send(request(lines));
    const bool opened = until([&] { return count(EventKind::kConnected) > before; });
    mustBe(opened, "the WebSocket did not open");
    mustBe(peer.take().starts_with("HTTP/1.1 101 "), "no answer to the request");
    return last(EventKind::kConnected).id;
  }

  [[nodiscard]] std::size_t count(EventKind kind) const {
    std::size_t found = 0;
    for (const Event& event : events) found += event.kind == kind ? 1U : 0U;
    return found;
  }
  [[nodiscard]] const Event& last(EventKind kind) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event->kind == kind) return *event;
    }
    throw std::logic_error("no such event");
  }

 private:
  /// More than are in use before the first is used again.
  static constexpr std::size_t kSlots = 8192;

  struct Chunk {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
  };

  std::uint8_t* allocate(std::size_t size) override {
    chunks_.push_back({std::make_unique<std::uint8_t[]>(size), size});
    return chunks_.back().bytes.get();
  }
  void adopt(ByteQueue&& bytes) override { adopted_.push_back(std::move(bytes)); }

  Event read(const server::EventRecord& record) {
    mustBe(record.kind >= EventKind::kConnectionRequest && record.kind <= EventKind::kHandedOver,
           "a record of no kind");
    mustBe(record.connectionId >= 0, "a record of nobody");
    Event event{record.kind, record.connectionId, record.flags, record.value, {}, record.token};
    mustBe(record.offset >= 0 && record.length >= 0, "a payload of no size");
    if (record.length == 0) return event;
    const auto index = static_cast<std::size_t>(record.chunk < 0 ? ~record.chunk : record.chunk);
    mustBe(index < (record.chunk < 0 ? adopted_.size() : chunks_.size()), "a payload nowhere");
    const Bytes memory = record.chunk < 0 ? Bytes(adopted_[index].bytes())
                                          : Bytes(chunks_[index].bytes.get(), chunks_[index].size);
    const auto offset = static_cast<std::size_t>(record.offset);
    const auto length = static_cast<std::size_t>(record.length);
    mustBe(offset + length <= memory.size(), "a payload beyond its chunk");
    event.payload = textOf(memory.subspan(offset, length));
    return event;
  }

  std::unique_ptr<net::Loop> loop_;
  server::EventBatch batch_;
  std::uint32_t wanted_ = 0;
  std::vector<Chunk> chunks_;
  std::vector<ByteQueue> adopted_;
  std::vector<std::int32_t> status_;
  std::unique_ptr<server::Server> server_;
};

/// Whether so many Disconnected come.
inline bool disconnected(ServerFixture& fixture, std::size_t count = 1) {
  return fixture.until([&] { return fixture.count(EventKind::kDisconnected) == count; });
}

/// Whether nothing is left of any connection.
inline bool isEmpty(ServerFixture& fixture) {
  fixture.server().stopListening();
  return fixture.until([&] { return fixture.server().isIdle(); });
}

}  // namespace wss::test
