// SPDX-License-Identifier: MIT
// One connection of a load client, from connect to close, and over again in churn mode. It owns the
// socket and is owned by the LoadClient, which decides when it begins, sends and ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "client/counters.h"
#include "client/load_run.h"
#include "net/socket.h"
#include "tls/sessions/client_session.h"
#include "ws/reader.h"

namespace wss::client {

class LoadConnection final : private net::SocketOwner {
 public:
  LoadConnection(LoadRun& run, std::uint32_t index);

  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] bool isOpen() const { return state_ == State::kOpen; }
  [[nodiscard]] bool isConnecting() const {
    return state_ >= State::kConnecting && state_ <= State::kUpgrading;
  }
  /// Whether it may connect(): before the first time, and after LoadRun::onGone().
  [[nodiscard]] bool isGone() const { return state_ == State::kGone; }

  /// How many messages of the server's own it has had since it was opened.
  [[nodiscard]] std::uint32_t publications() const { return publications_; }

  /// Begins. False when that fails at once: LoadRun::onGone() does not follow then.
  bool connect();
  /// Closed loop: sends the first messages. REQUIRES isOpen().
  void startSending();
  /// Open loop: sends the messages that are due. REQUIRES isOpen().
  void sendDue();
  /// Closed loop: sends as many broadcasts as LoadRun::mayBroadcast(). REQUIRES isOpen().
  void broadcast();
  /// Starts the closing handshake. REQUIRES isOpen().
  void close();
  /// Closes the socket at once. Does nothing when there is none.
  void abort();

  /// Tells apart the deadlines that still count from those that do not.
  [[nodiscard]] std::uint32_t deadline() const { return deadline_; }
  /// The deadline that was set last has passed.
  void onDeadline();

 private:
  enum class State : std::uint8_t {
    kGone,
    kConnecting,
    kRefused,    ///< the socket is closed; the next address is tried when onSocketClosed() follows
    kHandshake,  ///< of TLS
    kUpgrading,  ///< the request is on its way
    kOpen,
    kClosing,  ///< our Close has been sent; waits for the server's, and for the end of the stream
    kClosed,   ///< the socket is closed; onSocketClosed() follows
  };
  /// What only the opening handshake needs.
  struct Opening {
    std::uint64_t startedNs;
    std::string key;
    std::size_t remote;     ///< where it is connected to, of the plan's remotes
    std::size_t tried = 0;  ///< how many of them
    ByteQueue answer{};
  };

  void onReadable() override;
  void onWritable() override;
  void onBroken() override;
  void onSocketClosed() override;

  /// Begins to connect to the next of the plan's remotes. Fails when the last one has.
  Result<void> tryRemotes();
  Result<void> tryRemote(const net::Address& remote);
  void startHandshake();
  void onCiphertext(Bytes ciphertext);
  void onTlsFailure();
  /// Ends TLS: keeps the session, and tells the server (close_notify) if that can be sent.
  void endTls(bool tell);
  void request();
  void onBytes(MutableBytes received);
  void readAnswer(MutableBytes received);
  void onOpen();
  void readFrames(MutableBytes input);
  /// False when the connection reads no more.
  bool onPiece(ws::Piece& piece);
  void onData(const ws::Piece& piece);
  void onCompressed(const ws::Piece& piece);
  void onMessage();
  void onClose(std::uint16_t code);
  void onEnd(const net::Transfer& transfer);

  /// Whether what one sends comes to all of them.
  [[nodiscard]] bool broadcasts() const { return run_.plan().mode == Mode::kBroadcast; }
  /// How many messages are to have come, when all have that are on their way.
  [[nodiscard]] std::uint64_t expected() const { return broadcasts() ? run_.broadcasts() : sent_; }
  /// What the next of them is to be.
  [[nodiscard]] Bytes expectedMessage() const;
  void leave();
  void appendMessage();
  void appendControl(ws::Opcode opcode, Bytes payload);
  /// Hands what has been appended, and what was left over before, to the kernel.
  void flush();
  /// Turns the frames that have been appended into records.
  void seal();
  void fail(Failure failure, int detail = 0);
  void failSystem(ErrorCode code);
  void closeSocket(bool reset);
  void setDeadline();

  // Constant after construction.
  LoadRun& run_;
  std::uint32_t index_;
  // Changes rarely.
  State state_ = State::kGone;
  bool gotClose_ = false;
  bool deflates_ = false;  ///< permessage-deflate has been agreed on
  std::uint32_t deadline_ = 0;
  std::uint32_t publications_ = 0;
  std::unique_ptr<Opening> opening_;
  std::unique_ptr<tls::ClientSession> tls_;  ///< null without TLS
  tls::ClientSession::Ticket ticket_;        ///< of the connection before
  /// Closed loop: when the messages in flight were sent, by their numbers modulo inFlight.
  std::unique_ptr<std::uint64_t[]> sentNs_;
  // Changes with every message.
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t offset_ = 0;  ///< in the message that is being received
  bool matches_ = true;       ///< what has come of it
  ws::Reader reader_;
  ByteQueue input_;       ///< the start of a frame whose rest has not come
  ByteQueue compressed_;  ///< what has come of a compressed message
  ByteQueue output_;      ///< what the kernel has yet to take
  net::Socket socket_;
};

}  // namespace wss::client
