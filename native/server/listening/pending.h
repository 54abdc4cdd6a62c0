// SPDX-License-Identifier: MIT
// The connections that are not open yet: accepted, but no WebSocket. They have a budget of their
// own, and where it is used up the one that has been silent for longest makes room for the
// newcomer, of the address that has most of them if one stands out. Whoever waits for us, not for
// its peer, stays. Nothing takes longer the more there are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "base/chain.h"
#include "net/address.h"
#include "server/listening/address_counts.h"
#include "server/shared/connection_owner.h"
#include "server/timing/deadlines.h"

namespace wss::server {

class Pending {
 public:
  /// By the loop's turns and the server's clock.
  struct Time {
    std::uint64_t turn;
    Tick tick;
  };

  void add(std::int32_t id, const net::Address& client, Time now);
  /// It has gone on. It need not be among them, here and in remove().
  void move(std::int32_t id, WaitsFor waitsFor, Time now);
  void remove(std::int32_t id);
  [[nodiscard]] std::size_t count() const { return nodes_.size(); }
  /// Whether there are some whose peers we have told nothing yet.
  [[nodiscard]] bool hasSilent() const { return silent(all_) != nullptr; }

  /// The one that is to make room; 0 when there is none that may. Everyone has a full turn to say
  /// something, and a second to answer.
  [[nodiscard]] std::int32_t victim(Time now) const;
  /// The same, of one address.
  [[nodiscard]] std::int32_t victimOf(const net::Address& client, Time now) const;

 private:
  struct Source;
  struct Node {
    std::int32_t id;
    WaitsFor waitsFor;
    Time since;
    Source* source;
    Links<Node> ofAll{};
    Links<Node> ofSource{};
  };
  /// One list for each WaitsFor, the one that has been silent for longest first.
  template <Links<Node> Node::* kLinks>
  using Lists = std::array<Chain<Node, kLinks>, 3>;
  /// All of one address.
  struct Source {
    AddressKey key;
    Lists<&Node::ofSource> lists;
    std::size_t count = 0;
  };

  template <typename Kinds>
  static const Node* silent(const Kinds& lists) {
    return lists[static_cast<std::size_t>(WaitsFor::kPeer)].first();
  }
  template <typename Kinds>
  static std::int32_t oldest(const Kinds& lists, Time now);
  void link(Node& node);
  void unlink(Node& node);

  std::unordered_map<std::int32_t, Node> nodes_;
  std::map<AddressKey, Source> sources_;
  Lists<&Node::ofAll> all_;
  /// The one that had most when one was added to it; null: none.
  const Source* largest_ = nullptr;
};

}  // namespace wss::server
