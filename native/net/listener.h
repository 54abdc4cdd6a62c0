// SPDX-License-Identifier: MIT
// A listening socket on a Loop, of TCP or in the file system. Accepts a bounded number of
// connections a turn, so that a burst of clients does not starve those who are connected, and
// survives running out of descriptors: it keeps one in reserve with which it can still turn clients
// away.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/poller.h"
#include "net/socket_file.h"

namespace wss::net {

class ListenerOwner {
 public:
  /// Takes over the descriptor of a new connection, non-blocking and close-on-exec.
  virtual void onAccept(int fd, const Address& remote) = 0;
  /// accept() failed, and so many clients had to be turned away for want of descriptors.
  virtual void onAcceptError(const Error& error, int turnedAway) = 0;
  /// Whether one more may be accepted now. Those that wait are asked about again in the next turn,
  /// or, if it has called pause(), after resume().
  virtual bool mayAccept() { return true; }
  /// There are no descriptors: whether one has been given back, or pause() called.
  virtual bool makeRoom() { return false; }

 protected:
  ~ListenerOwner() = default;
};

struct ListenOptions {
  int backlog = 1;         ///< clients that may wait to be accepted; the system cuts it
  bool dualStack = false;  ///< an IPv6 address takes IPv4 clients too
  bool exclusive = true;   ///< false: others may listen on the same port, if they say so too
  bool noDelay = true;     ///< accepted sockets inherit TCP_NODELAY
  int mode = -1;           ///< permissions of a socket file; negative: what umask(2) leaves
};

class Listener final : private Pollable {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// Binds and listens. `owner` must outlive the listener. Fails with the documented TCP/IP codes
  /// (10048 address in use, 10013 access denied, 10049 not an address of this machine).
  Result<void> listen(Loop& loop, const Address& address, const ListenOptions& options,
                      ListenerOwner* owner);
  /// The same in the file system, with the codes of SocketFile::bind(). `path` is absolute.
  Result<void> listen(Loop& loop, std::string_view path, const ListenOptions& options,
                      ListenerOwner* owner);
  /// Stops; clients that wait in the backlog are reset. A no-op when not listening.
  void close();
  [[nodiscard]] bool isListening() const { return fd_ >= 0; }
  /// Leaves clients in the backlog until resume(). REQUIRES isListening().
  void pause() { setPaused(true); }
  void resume() { setPaused(false); }
  [[nodiscard]] bool isPaused() const { return paused_; }
  [[nodiscard]] bool hasNoDelay() const { return noDelay_; }
  /// Resets a connection that onAccept() was given and that is not wanted.
  static void refuse(int fd);
  /// Where it listens, with the port that the system picked. REQUIRES isListening().
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  void onReady(Readiness ready) override;
  void setPaused(bool paused);
  void turnAway(int posixErrno);
  /// Goes on with a bound `fd`, which it takes over. `where` is for errors.
  Result<void> start(int fd, const std::string& where, Loop& loop, const ListenOptions& options,
                     ListenerOwner* owner);

  Loop* loop_ = nullptr;
  ListenerOwner* owner_ = nullptr;
  int fd_ = -1;
  int reserve_ = -1;
  bool noDelay_ = false;
  bool paused_ = false;
  Address address_;
  SocketFile file_;
};

}  // namespace wss::net
