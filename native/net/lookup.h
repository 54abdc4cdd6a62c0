// SPDX-License-Identifier: MIT
// Host names are looked up in a thread for that alone, so that no loop waits for a name server.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/address.h"

namespace wss::net {

/// All addresses of a name, as Address::resolveAll() finds them.
using Resolver = Result<std::vector<Address>> (*)(const std::string& name);

/// The addresses to listen on that `host` stands for, each once: as Address::resolve() says, but of
/// a name, which is looked up by `resolver`, all that are of `family`. At least one.
Result<std::vector<Address>> addressesOf(const std::string& host, std::uint16_t port, Family family,
                                         Resolver resolver);

class Lookup {
 public:
  using Found = Result<std::vector<Address>>;

  /// Begins to look up `names` one after the other; null when the system has no thread left. It
  /// goes on, and keeps itself, when nobody waits for it any more: getaddrinfo(3) cannot be ended.
  static std::shared_ptr<Lookup> start(std::vector<std::string> names, Resolver resolver);

  [[nodiscard]] bool done() const { return done_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// What was found for each of names(). REQUIRES done().
  [[nodiscard]] std::vector<Found>& found() { return found_; }

 private:
  Lookup(std::vector<std::string> names, Resolver resolver)
      : names_(std::move(names)), resolver_(resolver) {}
  static void* run(void* self);

  std::vector<std::string> names_;
  Resolver resolver_;
  std::vector<Found> found_;
  std::atomic<bool> done_ = false;
};

}  // namespace wss::net
