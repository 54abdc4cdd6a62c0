// SPDX-License-Identifier: MIT
// Views of bytes, and the one growable byte buffer of the core. Views never own; a ByteQueue owns
// its memory and gives it back as soon as it is empty, so that an idle connection holds none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace wss {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// The bytes of `text`, which must outlive the result.
inline Bytes bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `bytes` seen as text, which must outlive the result.
inline std::string_view textOf(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// First in, first out, contiguous. Growing doubles, so appending n bytes costs O(n) in all. A
/// pointer wide, so that an empty one costs a connection next to nothing. Running out of memory
/// ends the process: a caller bounds what it appends.
class ByteQueue {
 public:
  ByteQueue() = default;
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  ByteQueue(ByteQueue&& other) noexcept { swap(other); }
  ByteQueue& operator=(ByteQueue&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ByteQueue() { clear(); }

  [[nodiscard]] bool empty() const { return block_ == nullptr || block_->begin == block_->end; }
  [[nodiscard]] std::size_t size() const { return block_ == nullptr ? 0 : block_->size(); }
  [[nodiscard]] std::size_t capacity() const { return block_ == nullptr ? 0 : block_->capacity; }
  /// What is queued. Valid until the next call that is not const.
  [[nodiscard]] Bytes bytes() const {
    return block_ == nullptr ? Bytes() : Bytes(block_->data() + block_->begin, block_->size());
  }
  [[nodiscard]] MutableBytes bytes() {
    return block_ == nullptr ? MutableBytes()
                             : MutableBytes(block_->data() + block_->begin, block_->size());
  }

  void append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  void append(std::string_view text) { append(bytesOf(text)); }

  /// Adds `size` uninitialised bytes at the end and returns where they start. No room is made for
  /// more than `most` bytes in all, unless it is needed now.
  std::uint8_t* extend(std::size_t size, std::size_t most = SIZE_MAX) {
    if (block_ == nullptr || block_->capacity - block_->end < size) makeRoom(size, most);
    std::uint8_t* const place = block_->data() + block_->end;
    block_->end += size;
    return place;
  }

  /// Sees to it that appending up to a size of `size` needs no more memory. A hint: ignored once
  /// there is something in the queue.
  void reserve(std::size_t size) {
    if (block_ == nullptr) makeRoom(size);
  }

  /// Drops the last `count` bytes. REQUIRES count <= size().
  void shrink(std::size_t count) {
    if (block_ != nullptr) block_->end -= count;
  }

  /// Drops the first `count` bytes. REQUIRES count <= size(). Frees the memory when none is left.
  void consume(std::size_t count) {
    if (block_ == nullptr) return;
    block_->begin += count;
    if (block_->begin == block_->end) clear();
  }

  /// Drops everything and frees the memory.
  void clear() {
    std::free(block_);
    block_ = nullptr;
  }

  /// Hands what is queued over, to be freed with freeReleased(), and leaves the queue empty.
  /// REQUIRES !empty(), and that nothing was consumed. The size is that before the call.
  [[nodiscard]] std::uint8_t* release() { return std::exchange(block_, nullptr)->data(); }
  static void freeReleased(std::uint8_t* released) { std::free(released - sizeof(Block)); }

  void swap(ByteQueue& other) noexcept { std::swap(block_, other.block_); }

 private:
  /// The bytes follow it in the same allocation.
  struct Block {
    std::size_t begin;
    std::size_t end;
    std::size_t capacity;

    [[nodiscard]] std::size_t size() const { return end - begin; }
    std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  };

  void makeRoom(std::size_t size, std::size_t most = SIZE_MAX);

  Block* block_ = nullptr;
};

}  // namespace wss
