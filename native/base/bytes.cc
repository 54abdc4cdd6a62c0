// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <algorithm>

namespace wss {

void ByteQueue::makeRoom(std::size_t size, std::size_t most) {
  constexpr std::size_t kMinimumCapacity = 256 - sizeof(Block);
  const Block old = block_ == nullptr ? Block{} : *block_;

  // Moving no more bytes than were consumed keeps the whole life of the queue linear.
  const bool worthMoving = old.begin > 0 && old.begin >= old.size();
  if (worthMoving && old.capacity - old.size() >= size) {
    std::memmove(block_->data(), block_->data() + old.begin, old.size());
    *block_ = {0, old.size(), old.capacity};
    return;
  }

  if (size > SIZE_MAX / 2 - old.end) std::abort();
  const std::size_t doubled = std::min(old.capacity * 2, most);
  const std::size_t capacity = std::max({kMinimumCapacity, doubled, old.end + size});
  void* const memory = std::realloc(block_, sizeof(Block) + capacity);
  if (memory == nullptr) std::abort();
  block_ = static_cast<Block*>(memory);
  *block_ = {old.begin, old.end, capacity};
}

}  // namespace wss
