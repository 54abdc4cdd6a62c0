// SPDX-License-Identifier: MIT
#include "net/socket_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace wss::net {
namespace {

constexpr std::string_view kPrefix = "unix:";
/// A folder that stays locked for longer, in milliseconds, is not locked by a server that starts.
constexpr int kMostLocked = 100;

bool isAt(const sockaddr_un& address, int (*call)(int, const sockaddr*, socklen_t), int fd) {
  return call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Whether it is a socket that nobody listens on.
bool isAbandoned(const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(address.sun_path, &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (probe < 0) return false;
  // Without this, connect() would wait for a listener whose backlog is full.
  ::fcntl(probe, F_SETFL, O_NONBLOCK);
  const bool refused = !isAt(address, ::connect, probe) && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

}  // namespace

std::optional<std::string_view> socketPath(std::string_view host) {
  if (!host.starts_with(kPrefix)) return std::nullopt;
  return host.substr(kPrefix.size());
}

FolderLock::FolderLock(std::string_view path)
    : fd_(::open(std::string(path.substr(0, path.rfind('/') + 1)).c_str(),
                 O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) return;
  for (int waited = 0; waited < kMostLocked && ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> SocketFile::bind(int fd, std::string_view path, int mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string shown = std::string(kPrefix).append(path);
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) {
    return makeError(ErrorCode::kInvalidArgument, shown + ": give an absolute path without NUL");
  }
  if (path.size() >= sizeof address.sun_path) {
    return makeError(ErrorCode::kFileNameTooLong, shown + ": a socket's path has at most " +
                                                      std::to_string(sizeof address.sun_path - 1) +
                                                      " bytes");
  }
  std::ranges::copy(path, address.sun_path);

  bool bound = isAt(address, ::bind, fd);
  int failure = errno;
  if (!bound && failure == EADDRINUSE && isAbandoned(address)) {
    ::unlink(address.sun_path);
    bound = isAt(address, ::bind, fd);
    failure = errno;
  }
  if (!bound) return systemError(failure, "bind " + shown);

  path_ = path;
  struct stat made{};
  if (::stat(address.sun_path, &made) == 0) {
    device_ = made.st_dev;
    inode_ = made.st_ino;
  }
  // Nobody can connect before listen().
  if (mode < 0 || ::chmod(address.sun_path, static_cast<mode_t>(mode)) == 0) return {};
  const Error error = systemError(errno, "chmod " + shown);
  remove();
  return error;
}

void SocketFile::remove() {
  if (path_.empty()) return;
  const std::string path = std::exchange(path_, {});
  struct stat found{};
  const bool ours =
      ::lstat(path.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  if (ours) ::unlink(path.c_str());
}

}  // namespace wss::net
