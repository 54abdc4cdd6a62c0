// SPDX-License-Identifier: MIT
// Connections that hold memory of ours until their peers go on: those with a message whose end has
// not come, or with bytes that their peer does not take. How much each holds, since when it has not
// gone on, and which one is to go where all together hold too much. Nothing takes longer the more
// there are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "base/chain.h"
#include "server/timing/deadlines.h"

namespace wss::server {

class Holders {
 public:
  /// `id` has gone on, and holds so many bytes now; none: it is no longer among them. `mark` is
  /// kept for its owner. Of the bytes, `shared` are held by others as well.
  void progress(std::int32_t id, std::size_t bytes, Tick now, std::uint32_t mark = 0,
                std::size_t shared = 0);
  /// `id` holds so many bytes now, and has not gone on.
  void resize(std::int32_t id, std::size_t bytes, std::size_t shared = 0);
  /// It need not be among them.
  void remove(std::int32_t id);

  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  [[nodiscard]] std::size_t count() const { return nodes_.size(); }
  /// Bytes that all of them hold together, but for those that are shared.
  [[nodiscard]] std::size_t total() const { return total_; }
  /// What its latest progress() has given; 0 when it is not among them.
  [[nodiscard]] std::uint32_t mark(std::int32_t id) const;
  /// When it has gone on last; 0 when it is not among them.
  [[nodiscard]] Tick since(std::int32_t id) const;

  /// The one that holds most, within a factor of two, of those that have not gone on for a second;
  /// when there is none, of all; of several alike the one that has not gone on for longest. 0 when
  /// there is nobody.
  [[nodiscard]] std::int32_t worst(Tick now) const;
  /// Whether it is among them, and has not gone on for a second.
  [[nodiscard]] bool isStale(std::int32_t id, Tick now) const;
  /// Adds to `ids` those that have not gone on for `seconds`.
  void collectIdle(Tick now, int seconds, std::vector<std::int32_t>& ids) const;

 private:
  struct Node {
    std::int32_t id;
    std::size_t bytes;
    std::size_t shared;
    Tick since;  ///< when it has gone on last
    std::uint32_t mark;
    Links<Node> byTime{};
    Links<Node> bySize{};
  };
  /// The one that has not gone on for longest is first.
  using ByTime = Chain<Node, &Node::byTime>;
  using BySize = Chain<Node, &Node::bySize>;

  BySize& alike(const Node& node);
  void setBytes(Node& node, std::size_t bytes, std::size_t shared);

  std::unordered_map<std::int32_t, Node> nodes_;
  ByTime order_;
  /// By the number of bits of their bytes.
  std::array<BySize, std::numeric_limits<std::size_t>::digits + 1> sizes_;
  std::size_t total_ = 0;
};

}  // namespace wss::server
