// SPDX-License-Identifier: MIT
// Listening sockets on a Loop: one in the file system, or of TCP, one for each address. Accepts a
// bounded number of connections a turn, so that a burst of clients does not starve those who are
// connected, and survives running out of descriptors: it keeps one in reserve with which it can
// still turn clients away.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/address.h"
#include "net/listening_socket.h"
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

class Listener final {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// Listens on `addresses` as openListening() says, with its errors. `owner` must outlive the
  /// listener.
  Result<void> listen(Loop& loop, std::span<const Address> addresses, const ListenOptions& options,
                      ListenerOwner* owner);
  /// The same in the file system, with the codes of SocketFile::bind(). `path` is absolute.
  Result<void> listen(Loop& loop, std::string_view path, const ListenOptions& options,
                      ListenerOwner* owner);
  /// Accepts on `fds`, at least one, which listen and do not wait. Takes them over, even when it
  /// fails. Others may have them as well: it is no error when another one was faster.
  Result<void> accept(Loop& loop, std::span<const int> fds, const ListenOptions& options,
                      ListenerOwner* owner);
  /// Stops; clients that wait in the backlog are reset. A no-op when not listening.
  void close();
  [[nodiscard]] bool isListening() const { return !addresses_.empty(); }
  /// Leaves clients in the backlog until resume(). REQUIRES isListening().
  void pause() { setPaused(true); }
  void resume() { setPaused(false); }
  [[nodiscard]] bool isPaused() const { return paused_; }
  [[nodiscard]] bool hasNoDelay() const { return noDelay_; }
  /// Resets a connection that onAccept() was given and that is not wanted.
  static void refuse(int fd);
  /// Where it listens, with the port that the system picked. Empty while it does not.
  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }

 private:
  /// One listening socket.
  struct Door final : Pollable {
    explicit Door(Listener& its) : listener(its) {}
    void onReady(Readiness) override { listener.acceptFrom(*this); }

    Listener& listener;
    int fd = -1;
  };

  void acceptFrom(const Door& door);
  void setPaused(bool paused);
  void turnAway(int fd, int posixErrno);
  /// Goes on with one that listens, and takes it over.
  Result<void> watch(int fd, Loop& loop, const ListenOptions& options, ListenerOwner* owner);
  Door& freeDoor();

  Loop* loop_ = nullptr;
  ListenerOwner* owner_ = nullptr;
  /// They stay when they are closed: what has been reported for them may still come.
  std::deque<Door> doors_;
  int reserve_ = -1;
  bool noDelay_ = false;
  bool paused_ = false;
  std::vector<Address> addresses_;
  SocketFile file_;
};

}  // namespace wss::net
