// SPDX-License-Identifier: MIT
// A set of positive numbers in four to twelve bytes each: there is one for each topic, and one for
// each connection that has subscribed to something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace wss::server {

class IdSet {
 public:
  /// Whether it was not there. REQUIRES id > 0.
  bool insert(std::int32_t id);
  /// Whether it was there.
  bool erase(std::int32_t id);
  [[nodiscard]] bool contains(std::int32_t id) const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Calls `each` with every number, in no order. It must not change the set.
  template <typename Each>
  void forEach(Each each) const {
    for (std::uint32_t place = 0; place < capacity_; ++place) {
      if (places_[place] != kFree) each(places_[place]);
    }
  }

 private:
  static constexpr std::int32_t kFree = 0;

  /// Where `id` is, or would be. REQUIRES a free place.
  [[nodiscard]] std::uint32_t find(std::int32_t id) const;
  [[nodiscard]] std::uint32_t home(std::int32_t id) const;
  void rehash(std::uint32_t capacity);

  // Open addressing with linear probing, at most three quarters full.
  std::unique_ptr<std::int32_t[]> places_;
  std::uint32_t capacity_ = 0;  ///< a power of two, or 0
  std::uint32_t size_ = 0;
};

}  // namespace wss::server
