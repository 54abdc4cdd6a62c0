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

/// First in, first out, contiguous. Growing doubles, so appending n bytes costs O(n) in all.
/// Running out of memory ends the process: a caller bounds what it appends.
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
  ~ByteQueue() { std::free(data_); }

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// What is queued. Valid until the next call that is not const.
  [[nodiscard]] Bytes bytes() const { return {data_ + begin_, size()}; }
  [[nodiscard]] MutableBytes bytes() { return {data_ + begin_, size()}; }

  void append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  void append(std::string_view text) { append(bytesOf(text)); }

  /// Adds `size` uninitialised bytes at the end and returns where they start.
  std::uint8_t* extend(std::size_t size) {
    if (capacity_ - end_ < size) makeRoom(size);
    std::uint8_t* place = data_ + end_;
    end_ += size;
    return place;
  }

  /// Drops the last `count` bytes. REQUIRES count <= size().
  void shrink(std::size_t count) { end_ -= count; }

  /// Drops the first `count` bytes. REQUIRES count <= size(). Frees the memory when none is left.
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) clear();
  }

  /// Drops everything and frees the memory.
  void clear() {
    std::free(data_);
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }

  /// Hands the memory over (to be freed with std::free) and leaves the queue empty.
  /// REQUIRES that nothing was consumed. The size is that of bytes() before the call.
  [[nodiscard]] std::uint8_t* release() {
    std::uint8_t* data = data_;
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
    return data;
  }

  void swap(ByteQueue& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void makeRoom(std::size_t size);

  std::uint8_t* data_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace wss
