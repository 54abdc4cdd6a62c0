// SPDX-License-Identifier: MIT
// One end of a pair of sockets, whose other end somebody else in this process reads and writes as
// if it were the peer: what comes in is put into it, and what comes out of it goes to the peer.
// Whoever does not read keeps the other waiting, through the kernel.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/error.h"
#include "net/loop.h"
#include "net/socket.h"

namespace wss::server {

class Tunnel : private net::SocketOwner {
 public:
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  virtual ~Tunnel() = default;

  /// Bytes that are taken out of it at once, and that are worth receiving for it.
  static constexpr std::size_t kMostAtOnce = std::size_t{64} * 1024;

  /// The other end, which the caller owns. Fails with what the system says. To be called once.
  Result<int> open();
  /// Puts bytes in. REQUIRES !isFull().
  void put(Bytes bytes);
  /// Whether something waits for the other end to take it.
  [[nodiscard]] bool isFull() const { return !queue_.empty(); }
  /// The other end is told that no more comes, when it has taken what has been put in.
  void finish();
  /// Whether what comes out is wanted now.
  void setWanted(bool wanted);
  /// Whether the other end has said that no more comes out.
  [[nodiscard]] bool hasEnded() const { return ended_; }
  /// Closes this end. A no-op when it is closed. To be called before its owner's own socket is
  /// closed: only in the turn after that may it be destroyed.
  void close();

 protected:
  explicit Tunnel(net::Loop& loop) : loop_(loop) {}

 private:
  /// Something has come out.
  virtual void onBytes(Bytes bytes) = 0;
  /// It is not full any more.
  virtual void onRoom() = 0;
  /// No more comes out; what is put in may still be taken.
  virtual void onEnd() = 0;
  /// The other end is closed.
  virtual void onGone() = 0;

  void onReadable() override;
  void onWritable() override { flush(); }
  void onBroken() override { onGone(); }
  void onSocketClosed() override {}
  void flush();
  void watch() { socket_.watch(wanted_ && !ended_, !queue_.empty()); }

  net::Loop& loop_;
  net::Socket socket_;
  ByteQueue queue_;
  bool wanted_ = true;
  bool ended_ = false;
  bool finishes_ = false;
};

}  // namespace wss::server
