// SPDX-License-Identifier: MIT
// One connected TCP socket on a Loop: readiness from the Poller, bytes through recv and send
// themselves. It owns the descriptor. It decides nothing: its owner reads, writes and closes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/poller.h"

namespace wss::net {

/// Is told what a socket is ready for; of what is left then, in the next turn again. May close the
/// socket from within any of these.
class SocketOwner : public CloseHandler {
 public:
  virtual void onReadable() = 0;
  virtual void onWritable() = 0;
  /// The connection is lost, while nobody watches for what can be read, or wants it, and nothing is
  /// left.
  virtual void onBroken() = 0;

 protected:
  ~SocketOwner() = default;
};

/// What a receive or send came to.
struct Transfer {
  enum class Status { kDone, kWouldBlock, kEnded, kFailed };
  Status status;
  std::size_t count = 0;  ///< kDone: bytes moved, at least 1
  int error = 0;          ///< kFailed: errno
};

/// SO_KEEPALIVE and what goes with it; 0 leaves the system's own value.
struct KeepAlive {
  int timeMs = 0;      ///< silence before the first probe
  int intervalMs = 0;  ///< between two probes
  int retries = 0;     ///< unanswered probes before the connection counts as lost
};

/// Two connected sockets of this machine, which do not wait and are closed on exec. The caller owns
/// both.
Result<std::array<int, 2>> openPair();

/// A duplicate of the descriptor of a connection, without waiting and close-on-exec. The caller owns
/// it. Fails with what the system says.
Result<int> duplicate(int fd);
/// Whom a socket is connected to.
Address peerOf(int fd);

class Socket final : private Pollable {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() = default;

  /// Takes over the descriptor, in every case. `owner` must outlive the socket.
  Result<void> open(Loop& loop, int fd, SocketOwner* owner, bool readable = false);

  /// Chooses what to be told of. `end`: though it is not watched for what can be read, that the
  /// peer has closed its side, as soon as nothing is left to receive before that.
  void watch(bool readable, bool writable, bool end = false);

  /// Whether a broken connection is reported at once, though bytes that came before may be left to
  /// receive: for owners who have no use for those bytes when the peer is gone.
  void endWhenBroken(bool on) { fragile_ = on; }
  /// Whether the peer's end comes behind what there is to receive.
  [[nodiscard]] bool hasEnded() const { return ended_; }
  /// Whether there are bytes to receive.
  [[nodiscard]] bool hasUnreadBytes() const;
  /// Bytes that the peer has yet to take of what the kernel has taken.
  [[nodiscard]] std::uint32_t unsent() const;

  /// Does not report what there is to receive until resume().
  void defer() { emptied_ = true; }
  /// Reports what there is to receive again, from the next turn on. REQUIRES isOpen().
  void renew();
  /// Reports it, as if it had just come. REQUIRES isOpen().
  void resume() { onReady({.readable = true, .ended = ended_}); }

  /// kEnded: the peer has closed its side.
  Transfer receive(MutableBytes target);
  /// Sends as much as the kernel takes, of both parts in one system call.
  Transfer send(Bytes first, Bytes second = {});

  /// No more will be sent (FIN); receiving goes on.
  void finish();
  /// Gives the descriptor away, which is watched no more; it does not wait. onSocketClosed()
  /// follows, as after close(). REQUIRES isOpen().
  [[nodiscard]] int release();
  /// Closes the descriptor now. With `reset` the peer gets a RST and nothing more is delivered.
  /// onSocketClosed() follows. REQUIRES open().
  void close(bool reset = false);
  [[nodiscard]] bool isOpen() const { return fd_ >= 0; }

  /// REQUIRES isOpen().
  [[nodiscard]] Address localAddress() const;
  void setNoDelay(bool on);
  /// SO_RCVBUF and SO_SNDBUF; 0 leaves the system's own.
  void setBufferSizes(int receive, int send);
  /// Turned on by any value that is not 0.
  void setKeepAlive(const KeepAlive& keepAlive);

 private:
  void onReady(Readiness ready) override;
  [[nodiscard]] Readiness interest() const {
    return {.readable = reads_, .writable = writes_, .ended = heeds_};
  }

  Loop* loop_ = nullptr;
  SocketOwner* owner_ = nullptr;
  int fd_ = -1;
  bool reads_ : 1 = false;    ///< watched for what can be read
  bool writes_ : 1 = false;   ///< watched for room to write
  bool heeds_ : 1 = false;    ///< watched for the peer's end, and not for what can be read
  bool emptied_ : 1 = true;   ///< nothing is left of what there was to receive
  bool ended_ : 1 = false;    ///< the peer's end comes behind it
  bool fragile_ : 1 = false;  ///< endWhenBroken()
};

}  // namespace wss::net
