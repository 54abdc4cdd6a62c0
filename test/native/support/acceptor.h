// SPDX-License-Identifier: MIT
// What listeners are tested with.
#pragma once

#include <unistd.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/listener.h"
#include "net/loop.h"

namespace wss::test {

using net::Address;
using net::ListenerOwner;
using net::Loop;

inline std::unique_ptr<Loop> makeLoop() { return std::move(Loop::create().value()); }

/// Keeps what is accepted.
class Acceptor final : public ListenerOwner {
 public:
  void onAccept(int fd, const Address& remote) override {
    fds.push_back(fd);
    last = remote;
    if (then) then();
  }
  void onAcceptError(const Error& error, int turnedAway) override {
    errors.push_back(error);
    refused += turnedAway;
  }
  ~Acceptor() {
    for (const int fd : fds) ::close(fd);
  }

  std::vector<int> fds;
  std::vector<Error> errors;
  int refused = 0;
  Address last;
  std::function<void()> then;
};

inline std::vector<Address> loopback(std::uint16_t port = 0) {
  return {Address::resolve("127.0.0.1", port, net::Family::kIPv4).value()};
}

}  // namespace wss::test
