// SPDX-License-Identifier: MIT
#include "net/lookup.h"

#include <arpa/inet.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

namespace wss::net {
namespace {

/// Whether `host` is anything but a name to look up.
bool isNoName(const std::string& host) {
  in6_addr ip;
  return host.empty() || host.find('\0') != std::string::npos ||
         ::inet_pton(AF_INET, host.c_str(), &ip) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ip) == 1;
}

}  // namespace

Result<std::vector<Address>> addressesOf(const std::string& host, std::uint16_t port, Family family,
                                         Resolver resolver) {
  if (isNoName(host)) {
    auto address = Address::resolve(host, port, family);
    return address.ok() ? Result(std::vector{address.value()}) : address.error();
  }
  const std::string advice =
      ": give an IP address of this machine, a name that resolves to one, or nothing";
  auto found = resolver(host);
  if (!found.ok()) return Error{found.error().code, found.error().message + advice};
  std::vector<Address> addresses;
  for (Address address : found.value()) {
    if (family != Family::kBoth && address.isIPv4() != (family == Family::kIPv4)) continue;
    address.port = port;
    const bool known = std::ranges::any_of(
        addresses, [&](const Address& other) { return other.ip == address.ip; });
    if (!known) addresses.push_back(address);
  }
  if (!addresses.empty()) return addresses;
  return makeError(ErrorCode::kNoAddressForName,
                   "\"" + host + "\" has none of the family that UseIPv6 says" + advice);
}

std::shared_ptr<Lookup> Lookup::start(std::vector<std::string> names, Resolver resolver) {
  std::shared_ptr<Lookup> lookup(new Lookup(std::move(names), resolver));
  // Handed over to the thread, which is its only owner from then on.
  auto* const own = new std::shared_ptr<Lookup>(lookup);
  // Not std::thread, which throws where there is none left.
  pthread_t thread{};
  if (::pthread_create(&thread, nullptr, &Lookup::run, own) != 0) {
    delete own;
    return nullptr;
  }
  ::pthread_detach(thread);
  return lookup;
}

void* Lookup::run(void* self) {
  const std::unique_ptr<std::shared_ptr<Lookup>> own(static_cast<std::shared_ptr<Lookup>*>(self));
  Lookup& lookup = **own;
  for (const std::string& name : lookup.names_) lookup.found_.push_back(lookup.resolver_(name));
  lookup.done_.store(true, std::memory_order_release);
  return nullptr;
}

}  // namespace wss::net
