// SPDX-License-Identifier: MIT
// A ConnectionId is a slot of the server's table and a generation, so that one which has been given
// out again is not mistaken for its predecessor. Always positive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace wss::server {

inline constexpr unsigned kSlotBits = 17;
inline constexpr std::int32_t kSlotMask = (1 << kSlotBits) - 1;
inline constexpr unsigned kGenerationBits = 13;

constexpr std::size_t slotOf(std::int32_t id) { return static_cast<std::size_t>(id & kSlotMask); }

/// A word for each slot, which JavaScript may read at any time: the ConnectionId while sends are
/// taken without question, its negative while they must come through send(), 0 when there is no
/// open WebSocket.
class StatusWords {
 public:
  /// `words` must outlive it.
  explicit StatusWords(std::span<std::int32_t> words) : words_(words) {}
  void show(std::int32_t id, std::int32_t word) { words_[slotOf(id)] = word; }

 private:
  std::span<std::int32_t> words_;
};

}  // namespace wss::server
