// SPDX-License-Identifier: MIT
// Files that users name. Under the name there may be anything (a pipe, a device, a folder, a
// socket, a file without end): opening never waits for it, and no more is read than was asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace wss {

/// An open regular file, closed when this goes. Its errors are 10022, or what the system's reason
/// is mapped to, with a sentence that names neither the path nor the contents.
class File {
 public:
  static Result<File> open(const std::string& path);
  /// To write at its end. A new file can be read by its owner only. The path itself may not be a
  /// symbolic link: whoever made the link would choose what is written to.
  static Result<File> openToAppend(const std::string& path);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();

  /// All that there is, if that is no more than `most` bytes.
  [[nodiscard]] Result<std::vector<std::uint8_t>> read(std::size_t most) const;
  /// False when not all of it could be written.
  bool append(Bytes bytes) const;  // NOLINT(modernize-use-nodiscard): nobody may care.

 private:
  explicit File(int fd) : fd_(fd) {}
  static Result<File> opened(const std::string& path, int flags);

  int fd_;
};

}  // namespace wss
