// SPDX-License-Identifier: MIT
// Readiness of descriptors. A descriptor costs no memory here beyond what the system keeps, because
// a server has very many of them.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace wss::net {

/// What a descriptor is watched for, or ready for.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool ended = false;  ///< the peer has closed its side, behind what can be read; reported to those
                       ///< who are interested in what can be read, too
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
  virtual ~Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Readable when dispatch() has something to report.
  [[nodiscard]] virtual int backendFd() const = 0;
  /// When readiness that was not used up is reported again: by the next dispatch(), or only when
  /// more of it has come or change() has been called. The second costs the system less; where it
  /// knows only the first it does that.
  enum class Trigger : std::uint8_t { kLevel, kEdge };

  /// Starts to watch `fd`. Both interests may be off: it is then only kept.
  virtual Result<void> add(int fd, Readiness interest, Pollable& owner,
                           Trigger trigger = Trigger::kLevel) = 0;
  /// Reports what is ready anew. REQUIRES add(), with the same trigger.
  virtual void change(int fd, Readiness interest, Pollable& owner,
                      Trigger trigger = Trigger::kLevel) = 0;
  /// To be called before the descriptor is closed. What has been reported for it already may still
  /// come to its owner in the same dispatch().
  virtual void remove(int fd) = 0;
  /// The same of a socket that others have open as well: closing it does not end the watching.
  virtual void removeShared(int fd) { remove(fd); }
  /// Reports what is ready now.
  virtual void dispatch() = 0;
  /// Whether something that was asked for takes effect only in the next dispatch().
  [[nodiscard]] virtual bool pending() const { return false; }

 protected:
  Poller() = default;
};

}  // namespace wss::net
