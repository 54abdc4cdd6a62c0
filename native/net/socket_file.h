// SPDX-License-Identifier: MIT
// Where a server listens in the file system instead of a network (unix(7)).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace wss::net {

/// The path in "unix:/run/server.sock"; nothing if `host` does not begin so.
std::optional<std::string_view> socketPath(std::string_view host);

/// Held while a server looks at the file under `path` and replaces it. Without the lock two servers
/// that start at once could each take the other's file for one that was left behind.
class FolderLock {
 public:
  explicit FolderLock(std::string_view path);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int fd_;  ///< -1 when the folder cannot be read
};

/// The file that a listening socket is bound to.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile() { remove(); }

  /// Binds `fd` to `path`, and gives the file its `mode` unless that is negative. A socket file
  /// that nobody listens on, left behind by a server that has ended, is replaced; any other file
  /// is error 10048. Hold a FolderLock until `fd` listens. Fails with 10063 for a path that is too
  /// long for the system (107 bytes on Linux), 10013 when it is not allowed, and so on. REQUIRES
  /// that there is no file yet.
  Result<void> bind(int fd, std::string_view path, int mode);

  /// Removes the file if it is still the one that was made.
  void remove();

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace wss::net
