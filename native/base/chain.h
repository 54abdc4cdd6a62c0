// SPDX-License-Identifier: MIT
// A doubly linked list through members of its nodes, so that a node can be in several, is taken out
// of each without a search, and costs no memory of its own. It owns nothing.
#pragma once

namespace wss {

/// A member of each node for each list that it can be in. A node is not copied while it is in one.
template <typename Node>
struct Links {
  Node* before = nullptr;
  Node* after = nullptr;
};

template <typename Node, Links<Node> Node::* kLinks>
class Chain {
 public:
  /// Null when there is none.
  [[nodiscard]] Node* first() const { return first_; }
  [[nodiscard]] static Node* next(const Node& node) { return (node.*kLinks).after; }

  /// REQUIRES that it is not in this list, nor in another by the same links.
  void append(Node& node) {
    node.*kLinks = {last_, nullptr};
    (last_ == nullptr ? first_ : (last_->*kLinks).after) = &node;
    last_ = &node;
  }

  /// REQUIRES that it is in this list.
  void remove(Node& node) {
    auto& [before, after] = node.*kLinks;
    (before == nullptr ? first_ : (before->*kLinks).after) = after;
    (after == nullptr ? last_ : (after->*kLinks).before) = before;
    node.*kLinks = {};
  }

 private:
  Node* first_ = nullptr;
  Node* last_ = nullptr;
};

}  // namespace wss
