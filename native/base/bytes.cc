// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <algorithm>
#include <cstdlib>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace wss {

/// Whether a block of that capacity is mapped.
constexpr bool ByteQueue::isMapped(std::size_t capacity) {
  return capacity >= std::size_t{4} * 1024 * 1024;
}

ByteQueue::Block* ByteQueue::checked(void* memory) {
#ifdef __linux__
  if (memory == MAP_FAILED) std::abort();
#endif
  if (memory == nullptr) std::abort();
  return static_cast<Block*>(memory);
}

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
  block_ = reallocate(block_, capacity);
  *block_ = {old.begin, old.end, capacity};
}

#ifdef __linux__

// A large block has pages of its own, which go back to the system when it is freed. Blocks of glibc
// that double again and again do not: several times the memory in use would stay taken.
ByteQueue::Block* ByteQueue::reallocate(Block* block, std::size_t capacity) {
  const std::size_t size = sizeof(Block) + capacity;
  if (!isMapped(capacity)) return checked(std::realloc(block, size));  // It never shrinks.
  if (block != nullptr && isMapped(block->capacity)) {
    return checked(::mremap(block, sizeof(Block) + block->capacity, size, MREMAP_MAYMOVE));
  }
  constexpr int kAccess = PROT_READ | PROT_WRITE;
  Block* const made = checked(::mmap(nullptr, size, kAccess, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (block != nullptr) {
    std::memcpy(made, block, sizeof(Block) + block->end);
    std::free(block);
  }
  return made;
}

void ByteQueue::free(Block* block) {
  if (isMapped(block->capacity)) {
    ::munmap(block, sizeof(Block) + block->capacity);
  } else {
    std::free(block);
  }
}

#else

ByteQueue::Block* ByteQueue::reallocate(Block* block, std::size_t capacity) {
  return checked(std::realloc(block, sizeof(Block) + capacity));
}

void ByteQueue::free(Block* block) { std::free(block); }

#endif

}  // namespace wss
