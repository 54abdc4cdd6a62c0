// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wss {
namespace {

/// `call` again for as long as it is only interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Error failed(int reason) { return {systemErrorCode(reason), std::string(std::strerror(reason))}; }

Error refused(std::string_view why) { return {ErrorCode::kInvalidArgument, std::string(why)}; }

}  // namespace

Result<File> File::opened(const std::string& path, int flags) {
  constexpr mode_t kOwnerOnly = 0600;
  // The system would take only what comes before a NUL for the name.
  if (path.find('\0') != std::string::npos) return refused("There is a zero in the name");
  // Without waiting: to open a pipe would block until somebody opens its other end.
  const int every = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int fd = uninterrupted([&] { return ::open(path.c_str(), flags | every, kOwnerOnly); });
  // To open a pipe without a reader, or a socket, fails with ENXIO.
  if (fd < 0) return errno == ENXIO ? refused("It is no regular file") : failed(errno);
  File file(fd);
  struct stat found{};
  if (::fstat(fd, &found) != 0) return failed(errno);
  if (!S_ISREG(found.st_mode)) return refused("It is no regular file");
  return file;
}

Result<File> File::open(const std::string& path) { return opened(path, O_RDONLY); }

Result<File> File::openToAppend(const std::string& path) {
  return opened(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::vector<std::uint8_t>> File::read(std::size_t most) const {
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  std::vector<std::uint8_t> bytes;
  for (;;) {
    const std::size_t size = bytes.size();
    bytes.resize(size + kPiece);
    const ssize_t count = uninterrupted([&] { return ::read(fd_, bytes.data() + size, kPiece); });
    if (count < 0) return failed(errno);
    bytes.resize(size + static_cast<std::size_t>(count));
    if (bytes.size() > most) return refused("It is too large");
    if (count == 0) return bytes;
  }
}

bool File::append(Bytes bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = uninterrupted([&] { return ::write(fd_, bytes.data(), bytes.size()); });
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace wss
