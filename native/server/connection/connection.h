// SPDX-License-Identifier: MIT
// One client, from accept to the end: its socket, its handshake, its frames, its queue. It owns the
// socket and is owned by a ConnectionOwner's table. The parsers below it return what they found and
// call nobody; it alone acts on it, and what it has to say goes into the EventBatch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "http/answer.h"
#include "http/packed_head.h"
#include "http/upgrade.h"
#include "net/socket.h"
#include "server/connection/connection_state.h"
#include "server/connection/given_connection.h"
#include "server/connection/tunnel.h"
#include "server/events/last_frame.h"
#include "server/shared/shared.h"
#include "server/streams/incoming.h"
#include "server/streams/liveness.h"
#include "server/streams/outgoing.h"
#include "server/streams/waits.h"
#include "server/timing/deadlines.h"
#include "tls/sessions/session.h"
#include "ws/reader.h"

namespace wss::server {

class Connection final : private net::SocketOwner {
 public:
  Connection(Shared& shared, std::int32_t id, const net::Address& remote);

  /// Takes over an accepted descriptor, and asks whether to go on with it or goes on if it is
  /// `admitted`. `hasNoDelay`: it has TCP_NODELAY set already.
  Result<void> open(int fd, bool admitted, bool hasNoDelay);
  /// The same, never under TLS; with an answer it is open, or refused, when this returns.
  Result<void> adopt(const GivenConnection& given, bool admitted);

  [[nodiscard]] std::int32_t id() const { return id_; }
  /// For the server: goes on with the handshake that waited for its turn.
  void takeTurn();
  /// For the server, once a turn: goes on with what was too much for the turns before.
  void catchUp();
  /// Whether the server's list of those to flush has it.
  [[nodiscard]] bool isTouched() const { return touched_; }
  /// Whether the WebSocket is open: after the 101 answer, before the closing handshake, though the
  /// peer's Close may have been read.
  [[nodiscard]] bool isOpen() const { return state_ == State::kOpen || state_ == State::kLeaving; }
  [[nodiscard]] bool hasBeenOpen() const { return announced_; }
  /// Whether ConnectionOwner::takeOpen() has counted it.
  [[nodiscard]] bool isCounted() const { return announced_ || hasTunnel(); }
  /// Whether somebody may know it: not when it has been open and Disconnected has been delivered.
  [[nodiscard]] bool mayBeAskedFor() const { return askable_ || !announced_; }
  /// Somebody does: who has asked for it, or is asked about it.
  void noteAsked() { asked_ = true; }
  /// Whether it has agreed on Shared::envelopeProtocol, so that of what is published it gets what
  /// is enveloped, instead of the rest.
  [[nodiscard]] bool getsEnvelopes() const { return getsEnvelopes_; }
  /// Whether it counts as a connection: from the 101 answer until Disconnected.
  [[nodiscard]] bool isConnected() const { return isWebSocket(state_); }
  /// Whether we have sent our Close, or said the last word in another way.
  [[nodiscard]] bool isLeaving() const { return state_ >= State::kClosing; }
  /// Whether sends are taken: open, the kernel has not refused bytes that still wait, and no
  /// message of sendPart() is open.
  [[nodiscard]] bool isReadyToSend() const {
    return isOpen() && !outgoing_.isBlocked() && !outgoing_.inParts();
  }
  /// Whether sends wait for their bytes to be handed over (a positive timeout).
  [[nodiscard]] bool sendsWait() const { return timeoutSeconds_ > 0; }

  /// What TLS has come to use; all empty before that, and without TLS.
  [[nodiscard]] tls::Negotiated negotiated() const;

  // Answers to the questions that a connection has put into the batch.
  void answerConnectionRequest(bool accept);
  /// Null: one of the server's certificates will do.
  void answerCertificateRequest(const tls::Certificate* certificate);
  /// There is none: ends the handshake.
  void refuseCertificateRequest();
  void answerClientAuthentication(bool accept);
  void answerOpenRequest(const http::Answer& answer);

  // Sending.
  /// Whether permessage-deflate has been agreed on.
  [[nodiscard]] bool mayCompress() const { return outgoing_.mayCompress(); }
  /// Whether a message of `size` bytes is worth compressing.
  [[nodiscard]] bool compresses(ws::Opcode opcode, std::size_t size) const {
    return outgoing_.compresses(opcode, size, shared_.options);
  }
  /// Outgoing::cork(), of memory that stays until flush().
  void cork(Bytes arena, std::uint32_t offset, std::uint32_t size);
  /// Adds a message that goes into several frames: behind what is corked, into the queue.
  void corkMessage(ws::Opcode opcode, Bytes payload, bool mayCompress, Bytes arena);
  /// The window of messages that are compressed once for many connections; 0: this one compresses
  /// by itself, or not at all.
  [[nodiscard]] unsigned sharedWindow() const { return outgoing_.sharedWindow(); }
  /// Whether so many bytes more can be published to it: MaxQueuedBytes may wait, or one message,
  /// however large. Has the kernel take what it can before it says no.
  bool hasRoomFor(std::size_t size, Bytes arena);
  /// Adds finished frames: those at `offset` in `arena`, which stays until flush(), or, under
  /// `frames`, elsewhere. While a message is being sent in parts, they wait for its end.
  void publish(Bytes arena, std::uint32_t offset, std::uint32_t size);
  void publish(Bytes frames, Bytes arena);
  /// The same for a message that is compressed, or cut into frames, for this connection alone.
  void publishAlone(ws::Opcode opcode, Bytes payload, bool mayCompress, Bytes arena);
  /// A publication has not been put on the way to it: counts that, and tells unless it has been
  /// told since the peer was ready last.
  void skip();
  /// How many have not.
  [[nodiscard]] int skippedMessages() const { return extra_ ? extra_->skipped : 0; }
  /// Hands the queue and the corked run of `arena` to the kernel, in one system call.
  void flush(Bytes arena);
  /// Sends one message at once, past the cork. With a positive timeout the result may be false:
  /// `token` is then settled by an event later. Fails with 10035 and takes nothing when the queue
  /// is blocked (with QueueSends: full), or a message of sendPart() is open.
  Result<bool> send(ws::Opcode opcode, Bytes payload, std::int32_t token, bool mayCompress = true);
  /// Sends one fragment (RFC 6455 §5.4): text or binary begins a message, continuation goes on with
  /// it, `last` ends it. False: `token` is settled when the kernel has taken it. Queues up to
  /// MaxQueuedBytes. Fails with 10035 when they wait, or another message is open, and with 10022
  /// when there is none to go on with, or its text is not UTF-8; nothing has been sent then.
  Result<bool> sendPart(ws::Opcode opcode, Bytes payload, bool last, std::int32_t token);
  /// Whether nothing waits in the queue and no message of sendPart() is open; if not, `token` is
  /// settled when it is so.
  bool whenDrained(std::int32_t token) { return waitUnless(Goal::kDrained, token); }
  /// Whatever waits for `token` does so no more: it is not settled.
  void forget(std::int32_t token);
  /// Sends a Ping that carries `token`, which is settled when its Pong comes.
  Result<void> ping(std::int32_t token);
  /// Starts the closing handshake with `code` and `reason`.
  void disconnect(std::uint16_t code, std::string_view reason);
  /// Closes the socket at once, with no word but close_notify. May destroy the connection.
  void abort();
  /// Tells the server what it waits for, and that it has gone on, as long as it has not been open.
  void showPending();
  /// Whether its peer has sent something that has not been read yet. REQUIRES an open socket.
  [[nodiscard]] bool hasUnreadBytes() const { return socket_.hasUnreadBytes(); }
  /// Closes the socket at once: a WebSocket ends with 1006, and what waits is not sent.
  void terminate();
  /// As abort(), but says why, and a WebSocket ends with 1006.
  void cut(std::string_view reason);
  /// Gives up the message whose end has not come, and closes with `code` and `reason`.
  void failMessage(ws::CloseCode code, std::string_view reason);
  /// Nothing has come of a message for MessageTimeout.
  void onMessageStalled();
  /// While bytes wait in the queue: whether the peer has taken some since they were last counted,
  /// though they are not ours any more but the kernel's; they are counted again then.
  bool hasTakenMore();
  /// What the peer sent before its last frame has been handled: answers that frame.
  void leave(const LastFrame& last);

  /// A time that was given to Timers::add() has come.
  void onDeadline(Tick now);
  /// Disconnected has been delivered: nobody will ask for this connection's properties any more.
  void letGo();

  // Properties.
  [[nodiscard]] const net::Address& remote() const { return remote_; }
  [[nodiscard]] net::Address local() const;
  /// The request; empty before it is complete.
  [[nodiscard]] const http::PackedHead& request() const { return request_; }
  [[nodiscard]] int timeoutSeconds() const { return static_cast<int>(timeoutSeconds_); }
  void setTimeoutSeconds(int seconds);
  /// False stops reading from the socket, so that the peer feels it.
  [[nodiscard]] bool acceptsData() const { return !paused_; }
  void setAcceptsData(bool accepts);
  /// Whether DataIn comes for each line instead of each message (documented LineMode). A message
  /// of which a part has been collected already is delivered in the mode that is on at its end.
  [[nodiscard]] bool lineMode() const { return incoming_.lineMode(); }
  void setLineMode(bool on) { incoming_.setLineMode(on); }
  /// Bytes after which a line is delivered though its end has not come.
  [[nodiscard]] int maxLineLength() const { return incoming_.maxLineLength(); }
  /// Fails with 112 while a part of a line waits for its end.
  Result<void> setMaxLineLength(int bytes) { return incoming_.setMaxLineLength(bytes); }
  /// What the kernel has yet to take.
  [[nodiscard]] int queuedBytes() const { return static_cast<int>(wireSize()); }
  /// Bytes yet to be sent of a message of that length: what send() is given next are its parts. 0:
  /// each send is a message.
  [[nodiscard]] int messageLength() const { return outgoing_.messageLength(); }
  /// Fails with 10022 unless the timeout is 0, and with 10037 while a message is open.
  Result<void> setMessageLength(int bytes);
  [[nodiscard]] std::string uid() const;
  [[nodiscard]] int bytesSent() const { return bytesSent_; }
  void setBytesSent(int count) { bytesSent_ = count; }

 private:
  using State = ConnectionState;

  /// A timeout is a day at most.
  static constexpr unsigned kTimeoutBits = 17;
  static constexpr unsigned kTimeoutMask = (1U << kTimeoutBits) - 1;

  /// What few connections need; allocated while it is needed.
  struct Extra {
    Waits waits;
    std::int64_t handed = 0;  ///< bytes that the kernel has taken since this was made
    Watched watched;
    net::Address local;              ///< kept when the socket is closed, and behind a bridge
    std::unique_ptr<Tunnel> tunnel;  ///< there is one from kTunnel on
    int skipped = 0;
    bool toldSkipped = false;
  };

  struct Tls {
    std::unique_ptr<tls::Session> session;
    ByteQueue sealed;  ///< bytes that the kernel has yet to take; frames wait in outgoing_
  };

  /// How what it sends gets on, for those who look when a deadline has come.
  class Way;
  /// What a request that is no WebSocket upgrade has become, under TLS.
  class Inner;

  void onReadable() override;
  void onWritable() override;
  void onBroken() override;
  void onSocketClosed() override;

  Result<void> setUp(int fd, bool readable, bool hasNoDelay);
  void readRequest(MutableBytes received);
  void readGiven(bool accept, const http::Answer* answer);
  void onRequest(const http::ParseResult& parsed, Bytes bytes, const http::Answer* answer);
  /// Gives the connection away, to whoever answers such a request, with what has been read.
  void handOver(Bytes bytes);
  void openTunnel(Bytes bytes);
  [[nodiscard]] bool hasTunnel() const { return extra_ && extra_->tunnel; }
  [[nodiscard]] bool isTunnelFull() const { return hasTunnel() && extra_->tunnel->isFull(); }
  void onTunnelBytes(Bytes bytes);
  void onTunnelEnd();
  /// No more comes for the tunnel.
  void endTunnelInput();
  /// `body` is the application's own; else it is `reason`, which the Log has in any case.
  void refuse(int httpStatus, std::string_view reason, std::string_view headers = {},
              std::optional<std::string_view> body = std::nullopt);
  /// Receives and handles one buffer. Whether more probably waits, and may be received.
  bool receive();
  /// Receives the rest of a large frame where it is to stay.
  net::Transfer receiveInPlace();
  void discard();
  /// Handles what has come, in a buffer with room for what was kept in front.
  void onBytes(MutableBytes received);
  /// Reads frames until no whole one is left, or the turn has brought enough. What is left.
  MutableBytes readFrames(MutableBytes input);
  MutableBytes readPieces(MutableBytes input);
  /// Whether those that come next are left for the next turn, when one has brought `count` already.
  [[nodiscard]] bool hasReadEnough(int count) const;
  void readBacklog();
  /// If there is something to catch up with, has catchUp() called in the next turn, and nothing
  /// received before.
  void waitIfBehind();
  /// If there is something to catch up with, has catchUp() called in the next turn.
  void queueIfBehind();
  [[nodiscard]] Incoming::Target target() { return {shared_, id_}; }
  /// False when the piece is the last that is read.
  bool onPiece(ws::Piece& piece, bool moreFollows);
  void onPing(Bytes payload);
  void onPong(Bytes payload);
  void onLast(LastFrame last);
  void onEnd(const net::Transfer& transfer);
  void end(std::string_view reason);

  void waitForTurn();

  // TLS. Those that take bytes return whether more may be received.
  /// To be called when its first bytes have come: who says nothing costs no SSL object. False: it
  /// cannot be, and the connection is closed.
  bool startHandshake();
  bool receiveCiphertext(Bytes ciphertext);
  bool onPlaintext(MutableBytes plain);
  void onHandshake();
  void onTlsFailure();
  void reportTls();
  /// What the kernel has yet to take; without TLS there may be shared frames behind it.
  // The analyzer takes it that tls_ may come to be between two calls.
  // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn)
  [[nodiscard]] ByteQueue& wire() { return tls_ ? tls_->sealed : outgoing_.queue(); }
  [[nodiscard]] const ByteQueue& wire() const { return tls_ ? tls_->sealed : outgoing_.queue(); }
  [[nodiscard]] std::size_t wireSize() const {
    return tls_ ? tls_->sealed.size() : outgoing_.waiting();
  }
  [[nodiscard]] bool isWireEmpty() const { return wire().empty() && !outgoing_.sharesFrames(); }
  /// Bytes that its queue takes, those that are shared included.
  [[nodiscard]] std::size_t queueMemory() const {
    return wire().capacity() + outgoing_.sharedSize();
  }
  /// Whether no more may wait there, but the end of a message.
  [[nodiscard]] bool isFull() const {
    return wireSize() >= static_cast<std::size_t>(shared_.options.maxQueuedBytes);
  }
  void seal(Bytes start, Bytes rest);
  void sealUnsent();
  /// Says close_notify behind all that is to be sent.
  void closeTls();

  void startClosing(std::uint16_t code, std::string_view reason);
  void sendClose(std::uint16_t code, std::string_view reason);
  void drain();
  void lose(std::string_view reason, bool reset = false);
  /// Closes the socket, which under TLS says close_notify first, if the kernel takes it at once.
  void hangUp(bool reset = false);
  void closeSocket(bool reset);
  /// `last`: the frame that says so, or null.
  void disconnected(std::uint16_t code, std::string_view reason, const LastFrame* last = nullptr);
  /// Goes over to `state`, which mayFollow(), and has all who depend on it know.
  void enter(State state);
  void setState(State state);
  /// Agrees on permessage-deflate if the client offers it; what to answer.
  std::string chooseExtensions();
  [[nodiscard]] std::string_view chooseSubProtocol(std::string_view wanted) const;

  [[nodiscard]] bool isDrained() const { return isWireEmpty() && !outgoing_.hasBegun(); }
  void setParts(std::optional<Parts> parts);
  void sendHeldBack();
  bool putWithLength(ws::Opcode opcode, Bytes payload);
  bool putMessage(ws::Opcode opcode, Bytes payload, bool mayCompress);
  void put(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload);
  void enqueue(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload);
  void transmit(Bytes run);
  void transmitShared(Bytes run);
  /// Adds what the kernel has not taken: shared, where it is sent to many, or a copy.
  void keep(Bytes unsent) {
    if (!unsent.empty()) keepAll(unsent);
  }
  void keepAll(Bytes unsent);
  void onSent(std::size_t count);
  void onTransfer(const net::Transfer& transfer, Bytes unqueued);
  /// The compressed form of `payload`, in `out`, if that is what is to be sent.
  bool compress(ws::Opcode opcode, Bytes payload, ByteQueue& out);
  /// Tells the server what waits in the queue, and whether the kernel has taken some of it.
  void showQueue(bool progress);
  void finishIfFlushed();
  void setBlocked(bool blocked);
  void tellIfReady(bool wasReady);
  bool waitUnless(Goal goal, std::int32_t token);
  [[nodiscard]] Waits::Teller teller() const { return {shared_.events, id_}; }
  /// The kernel has taken so many bytes.
  void onTaken(std::size_t count);
  void settleIfDrained();
  /// Has expireWaits() called when the timeout of the oldest wait has run out.
  void expectProgress();
  void expireWaits(Tick now);
  /// Closes a connection that is silent for too long, or pings it.
  void checkLiveness(Tick now);
  /// The peer has CloseTimeout from now on for what is left to it.
  void startCloseTimeout();
  /// When that is over: whether it begins anew, because enough has been taken of what is much.
  bool mayStillTake();
  void watch();
  void touch();
  void showStatus();
  void startTimeout(int seconds);
  void setDeadline(Tick due);
  /// As setDeadline(), unless an earlier one is set.
  void setDeadlineBy(Tick due);
  Extra& extra();

  // One lies in what alignment has left behind the other: there is one of it for each client.
  // connection_open.cc says how large it may be.
  // Constant after construction.
  Shared& shared_;
  std::int32_t id_;
  net::Address remote_;
  // Changes rarely.
  http::PackedHead request_;
  std::unique_ptr<Extra> extra_;
  std::unique_ptr<Tls> tls_;  ///< from the first bytes of the handshake on
  // Changes with every message.
  Incoming incoming_;
  [[no_unique_address]] net::Socket socket_;
  State state_ = State::kAskedConnection;
  bool paused_ : 1 = false;
  bool touched_ : 1 = false;             ///< in the server's list of those to flush
  bool askable_ : 1 = true;              ///< somebody may still ask for properties
  bool peerEnded_ : 1 = false;           ///< kDraining: nothing more will come
  bool socketGone_ : 1 = false;          ///< onSocketClosed() has been
  bool announced_ : 1 = false;           ///< it has been open, so that its end is a Disconnected
  bool queuedForHandshake_ : 1 = false;  ///< in the server's queue for that
  bool queuedToCatchUp_ : 1 = false;     ///< in the server's queue for that
  bool asked_ : 1 = false;               ///< somebody outside knows it
  bool getsEnvelopes_ : 1 = false;
  bool bridged_ : 1 = false;  ///< the socket is not the client's own
  bool unread_ : 1 = false;   ///< kLeaving: something has come behind the last frame
  [[no_unique_address]] Outgoing outgoing_;
  std::uint32_t timeoutSeconds_ : kTimeoutBits;
  std::int32_t bytesSent_ = 0;
  Tick deadlineTick_ = 0;   ///< when the timeout in force runs out; 0: none is
  Tick scheduledTick_ = 0;  ///< when the server will call onDeadline(); 0: never
  Liveness liveness_;
};

}  // namespace wss::server
