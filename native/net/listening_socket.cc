// SPDX-License-Identifier: MIT
#include "net/listening_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "base/shown.h"
#include "base/text.h"

namespace wss::net {
namespace {

constexpr std::string_view kPrefix = "fd:";
/// The first descriptor that systemd hands over (SD_LISTEN_FDS_START).
constexpr int kFirstHandedOver = 3;
constexpr int kPortTries = 20;

void enable(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

bool isTaken(const Error& error) { return error.code == ErrorCode::kAddressInUse; }

/// Whether `error` says that this machine does not have the address.
bool isMissing(const Error& error) {
  return error.code == ErrorCode::kAddressNotAvailable ||
         error.code == ErrorCode::kAddressFamilyNotSupported;
}

bool bindTo(int fd, const Address& address, const ListenOptions& options) {
  // A restarted server must not wait for old connections in TIME_WAIT.
  enable(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // The kernel spreads the clients over all who listen so.
  if (!options.exclusive) enable(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!address.isIPv4()) enable(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.dualStack ? 0 : 1);
  sockaddr_storage storage;
  const socklen_t size = address.toSockaddr(&storage);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
}

void closeAll(const std::vector<int>& fds) {
  for (const int fd : fds) ::close(fd);
}

Result<int> openOne(const Address& address, const ListenOptions& options) {
  const int fd = openSocket(address.isIPv4() ? AF_INET : AF_INET6);
  if (fd < 0) return systemError(errno, "socket");
  const bool bound = bindTo(fd, address, options);
  if (bound && ::listen(fd, options.backlog) == 0) return fd;
  const int failure = errno;
  ::close(fd);
  return systemError(failure, (bound ? "listen " : "bind ") + address.text());
}

/// openListening(), with `port` for all.
Result<std::vector<int>> tryPort(std::span<const Address> addresses, std::uint16_t port,
                                 const ListenOptions& options) {
  std::vector<int> fds;
  Result<std::vector<int>> missing = fds;
  for (Address address : addresses) {
    address.port = port;
    Result<int> opened = openOne(address, options);
    if (opened.ok()) {
      fds.push_back(opened.value());
      port = boundAddress(fds.front()).port;
    } else if (isMissing(opened.error())) {
      missing = opened.error();
    } else {
      closeAll(fds);
      return opened.error();
    }
  }
  return fds.empty() ? missing : fds;
}

Error unusable(std::string_view name, std::string_view reason) {
  std::string text(kPrefix);
  return makeError(ErrorCode::kInvalidArgument,
                   text.append(shown(name)).append(": ").append(reason));
}

std::optional<int> numberIn(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < 0) return std::nullopt;
  return number;
}

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The descriptors that systemd has handed over under `name`, as sd_listen_fds_with_names(3).
Result<std::vector<int>> handedOver(std::string_view name) {
  const int count = numberIn(variable("LISTEN_FDS")).value_or(0);
  if (count == 0 || numberIn(variable("LISTEN_PID")) != static_cast<int>(::getpid())) {
    return unusable(
        name,
        "LISTEN_FDS and LISTEN_PID say that no descriptor has been handed over to this "
        "process: give its number, as in fd:3, or start the process by a systemd socket");
  }
  std::vector<int> fds;
  std::string_view names = variable("LISTEN_FDNAMES");
  for (int index = 0; index < count && !names.empty(); ++index) {
    if (takeUntil(names, ":") == name) fds.push_back(kFirstHandedOver + index);
  }
  if (!fds.empty()) return fds;
  return unusable(name, "LISTEN_FDNAMES has no such name: see FileDescriptorName= of the socket");
}

Result<std::vector<int>> numbersOf(std::string_view names) {
  constexpr std::string_view kDigits = "0123456789,";
  if (names.find_first_not_of(kDigits) != std::string_view::npos) return handedOver(names);
  std::vector<int> fds;
  for (const std::string_view each : elementsOf(names)) {
    // What is greater than any is not open.
    fds.push_back(numberIn(each).value_or(std::numeric_limits<int>::max()));
  }
  if (fds.empty()) {
    return unusable(names,
                    "give the number of a descriptor, as in fd:3, or its name in LISTEN_FDNAMES");
  }
  return fds;
}

bool hasOption(int fd, int option, int wanted) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

/// A duplicate of `original`, which must listen.
Result<int> adopt(int original) {
  const std::string name = std::to_string(original);
  if (::fcntl(original, F_GETFD) < 0) {
    return unusable(name, "is not open: hand it over to this process, or give another number");
  }
  if (!hasOption(original, SO_TYPE, SOCK_STREAM) || !hasOption(original, SO_ACCEPTCONN, 1)) {
    return unusable(
        name, "is not a stream socket that listens: listen(2) on it before it is handed over");
  }
  const int fd = ::fcntl(original, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return systemError(errno, "dup " + std::string(kPrefix) + name);
  ::fcntl(original, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

}  // namespace

int openSocket(int family) {
  const int fd = ::socket(family, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

Result<std::vector<int>> openListening(std::span<const Address> addresses,
                                       const ListenOptions& options) {
  const std::uint16_t port = addresses.front().port;
  auto opened = tryPort(addresses, port, options);
  // The system has picked a port for the first address; on another it may be taken.
  for (int tries = 1; tries < kPortTries && port == 0 && !opened.ok() && isTaken(opened.error());
       ++tries) {
    opened = tryPort(addresses, port, options);
  }
  return opened;
}

std::optional<std::string_view> descriptorNames(std::string_view host) {
  if (!host.starts_with(kPrefix)) return std::nullopt;
  return host.substr(kPrefix.size());
}

Result<std::vector<int>> adoptListening(std::string_view names) {
  auto numbers = numbersOf(names);
  if (!numbers.ok()) return numbers;
  std::vector<int> fds;
  for (const int number : numbers.value()) {
    Result<int> adopted = adopt(number);
    if (!adopted.ok()) {
      closeAll(fds);
      return adopted.error();
    }
    fds.push_back(adopted.value());
  }
  return fds;
}

Address boundAddress(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return Address::from(reinterpret_cast<const sockaddr*>(&bound));
}

}  // namespace wss::net
