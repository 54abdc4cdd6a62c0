// SPDX-License-Identifier: MIT
// Readiness of descriptors: epoll where there is one, libuv's uv_poll elsewhere. A descriptor costs
// no memory here beyond what the system keeps, because a server has very many of them.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"

namespace wss::net {

/// What a descriptor is watched for, or ready for.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool broken = false;  ///< reported whatever the interest is: the peer has reset, or both are done
};

/// Owns a watched descriptor. Must stay until the dispatch() in which it was removed has returned.
class Pollable {
 public:
  virtual void onReady(Readiness ready) = 0;

 protected:
  ~Pollable() = default;
};

class Poller {
 public:
  static Result<std::unique_ptr<Poller>> create();
  virtual ~Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Readable when dispatch() has something to report.
  [[nodiscard]] virtual int backendFd() const = 0;
  /// Starts to watch `fd`. Both interests may be off: it is then only kept.
  virtual Result<void> add(int fd, Readiness interest, Pollable& owner) = 0;
  /// REQUIRES add().
  virtual void change(int fd, Readiness interest, Pollable& owner) = 0;
  /// To be called before the descriptor is closed. What has been reported for it already may still
  /// come to its owner in the same dispatch().
  virtual void remove(int fd) = 0;
  /// Reports what is ready now. What is not read or written by then is reported again the next time
  /// (level-triggered).
  virtual void dispatch() = 0;
  /// Whether something that was asked for takes effect only in the next dispatch().
  [[nodiscard]] virtual bool pending() const { return false; }

 protected:
  Poller() = default;
};

}  // namespace wss::net
