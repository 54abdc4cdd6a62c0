// SPDX-License-Identifier: MIT
// Files that users name, and what else may stand under such a name.
#include "base/file.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "folder.h"

namespace wss {
namespace {

namespace fs = std::filesystem;
using test::Folder;

void makeSocket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
}

TEST_CASE("a file is read whole, up to the bound") {
  const Folder folder;
  const std::string text(200'000, 'x');
  const std::string path = folder.write("file", text);
  Result<File> file = File::open(path);
  REQUIRE(file.ok());
  Result<std::vector<std::uint8_t>> bytes = file.value().read(text.size());
  REQUIRE(bytes.ok());
  CHECK(textOf(bytes.value()) == text);
  REQUIRE(::truncate(path.c_str(), 3'000'000'000) == 0);
  CHECK_FALSE(File::open(path).value().read(1'000'000).ok());
  fs::create_symlink(path, folder.file("link"));
  CHECK(File::open(folder.file("link")).ok());
}

TEST_CASE("what is no regular file is not opened, and not waited for") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  makeSocket(folder.file("socket"));
  for (const std::string& path :
       {folder.file("pipe"), folder.file("socket"), folder.file(""), folder.file("none"),
        std::string("/dev/zero"), std::string("/dev/tty"), std::string("a\0b", 3), std::string()}) {
    Result<File> read = File::open(path);
    REQUIRE_FALSE(read.ok());
    CHECK_FALSE(read.error().message.empty());
  }
  for (const std::string& path : {folder.file("pipe"), folder.file("socket"), folder.file("")}) {
    CHECK_FALSE(File::openToAppend(path).ok());
  }
}

TEST_CASE("what is appended to: a file of our own, not behind a link") {
  const Folder folder;
  const std::string path = folder.file("log");
  Result<File> file = File::openToAppend(path);
  REQUIRE(file.ok());
  CHECK(file.value().append(bytesOf("one ")));
  CHECK(File::openToAppend(path).value().append(bytesOf("two")));
  CHECK(textOf(File::open(path).value().read(100).value()) == "one two");
  struct stat made{};
  REQUIRE(::stat(path.c_str(), &made) == 0);
  CHECK((made.st_mode & 0777U) == 0600);
  for (const std::string& target : {path, folder.file("new")}) {
    const std::string link = folder.file("link");
    fs::remove(link);
    fs::create_symlink(target, link);
    CHECK_FALSE(File::openToAppend(link).ok());
  }
  CHECK_FALSE(fs::exists(folder.file("new")));
}

}  // namespace
}  // namespace wss
