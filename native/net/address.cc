// SPDX-License-Identifier: MIT
#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/shown.h"

namespace wss::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Address mapped(const in_addr& ipv4, std::uint16_t port) {
  Address address;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.ip.begin());
  std::memcpy(address.ip.data() + kMappedPrefix.size(), &ipv4, sizeof ipv4);
  address.port = port;
  return address;
}

Address plain(const in6_addr& ipv6, std::uint16_t port) {
  Address address;
  std::memcpy(address.ip.data(), &ipv6, sizeof ipv6);
  address.port = port;
  return address;
}

using OwnedList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// What getaddrinfo(3) knows of a name: one or more. `advice` is for the error.
Result<OwnedList> lookUp(const std::string& name, int family, std::string_view advice) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = family;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (status == 0) return OwnedList(found, &::freeaddrinfo);
  std::string text = "\"" + shown(name) + "\" (" + gai_strerror(status) + ")";
  return makeError(lookupErrorCode(status), text.append(advice));
}

}  // namespace

ErrorCode lookupErrorCode(int status) {
  switch (status) {
    case EAI_AGAIN:
      return ErrorCode::kHostNotFoundTryAgain;
    case EAI_FAIL:
      return ErrorCode::kNameServerFailed;
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
      return ErrorCode::kNoAddressForName;
    default:
      return ErrorCode::kHostNotFound;
  }
}

Address Address::from(const sockaddr* source) {
  if (source->sa_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, source, sizeof ipv6);
    return plain(ipv6.sin6_addr, ntohs(ipv6.sin6_port));
  }
  if (source->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, source, sizeof ipv4);
    return mapped(ipv4.sin_addr, ntohs(ipv4.sin_port));
  }
  Address address;
  address.isUnix = true;
  return address;
}

Result<Address> Address::resolve(std::string_view host, std::uint16_t port, Family family) {
  if (host.empty()) {
    return family == Family::kIPv4 ? mapped(in_addr{INADDR_ANY}, port) : plain(in6addr_any, port);
  }
  if (host.find('\0') != std::string_view::npos) {
    return makeError(ErrorCode::kInvalidArgument, "a host's name has no NUL in it");
  }
  if (const auto address = literal(host, port)) return *address;
  const std::string name(host);
  auto found = lookUp(name,
                      family == Family::kIPv4   ? AF_INET
                      : family == Family::kIPv6 ? AF_INET6
                                                : AF_UNSPEC,
                      ": give an IP address of this machine, a name that resolves to one, or "
                      "nothing");
  if (!found.ok()) return found.error();
  Address address = from(found.value()->ai_addr);
  address.port = port;
  return address;
}

std::optional<Address> Address::literal(std::string_view host, std::uint16_t port) {
  const std::string name(host);
  in_addr ipv4;
  if (inet_pton(AF_INET, name.c_str(), &ipv4) == 1) return mapped(ipv4, port);
  in6_addr ipv6;
  if (inet_pton(AF_INET6, name.c_str(), &ipv6) == 1) return plain(ipv6, port);
  return std::nullopt;
}

Result<std::vector<Address>> Address::resolveAll(const std::string& name) {
  auto found = lookUp(name, AF_UNSPEC, {});
  if (!found.ok()) return found.error();
  std::vector<Address> addresses;
  for (const addrinfo* each = found.value().get(); each != nullptr; each = each->ai_next) {
    addresses.push_back(from(each->ai_addr));
  }
  return addresses;
}

bool Address::isIPv4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
}

bool Address::isAny() const {
  const auto zero = [](std::uint8_t byte) { return byte == 0; };
  const auto tail = ip.begin() + (isIPv4() ? kMappedPrefix.size() : 0);
  return std::all_of(tail, ip.end(), zero);
}

std::string Address::host() const {
  if (isUnix) return "unix:";
  char text[INET6_ADDRSTRLEN];
  if (isIPv4()) {
    inet_ntop(AF_INET, ip.data() + kMappedPrefix.size(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, ip.data(), text, sizeof text);
  }
  return text;
}

std::string Address::text() const {
  if (isUnix) return host();
  std::string text = isIPv4() ? host() : std::string("[").append(host()).append("]");
  return text.append(":").append(std::to_string(port));
}

unsigned int Address::toSockaddr(sockaddr_storage* target) const {
  std::memset(target, 0, sizeof *target);
  if (isIPv4()) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, ip.data() + kMappedPrefix.size(), sizeof ipv4.sin_addr);
    std::memcpy(target, &ipv4, sizeof ipv4);
    return sizeof ipv4;
  }
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  std::memcpy(&ipv6.sin6_addr, ip.data(), sizeof ipv6.sin6_addr);
  std::memcpy(target, &ipv6, sizeof ipv6);
  return sizeof ipv6;
}

}  // namespace wss::net
