// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <algorithm>

namespace wss {

void ByteQueue::makeRoom(std::size_t size) {
  constexpr std::size_t kMinimumCapacity = 256;
  const std::size_t used = end_ - begin_;

  // Moving no more bytes than were consumed keeps the whole life of the queue linear.
  if (begin_ > 0 && begin_ >= used && capacity_ - used >= size) {
    std::memmove(data_, data_ + begin_, used);
    begin_ = 0;
    end_ = used;
    return;
  }

  if (size > SIZE_MAX / 2 - end_) std::abort();
  const std::size_t capacity = std::max({kMinimumCapacity, capacity_ * 2, end_ + size});
  void* data = std::realloc(data_, capacity);
  if (data == nullptr) std::abort();
  data_ = static_cast<std::uint8_t*>(data);
  capacity_ = capacity;
}

}  // namespace wss
