// SPDX-License-Identifier: MIT
// Frames that are sent to many. What the kernel does not take of them is kept once for all the
// queues that have a part of it, and freed by the last.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace wss::server {

/// Finished frames that several queues may have a part of.
class SharedFrame {
 public:
  /// `held` is the sum that it is part of while it lives.
  SharedFrame(ByteQueue frames, std::size_t& held) : frames_(std::move(frames)), held_(held) {
    held_ += frames_.size();
  }
  SharedFrame(const SharedFrame&) = delete;
  SharedFrame& operator=(const SharedFrame&) = delete;
  ~SharedFrame() { held_ -= frames_.size(); }

  [[nodiscard]] Bytes bytes() const { return frames_.bytes(); }

 private:
  ByteQueue frames_;
  std::size_t& held_;
};

/// Those that are being sent.
class SharedFrames {
 public:
  using Frame = std::shared_ptr<const SharedFrame>;
  /// A part of frames: of the size that it has, or to be copied if `frame` is null.
  struct Part {
    Frame frame;
    std::size_t offset;
    std::size_t size;
  };

  /// Whether so many bytes are worth it; fewer are copied into each queue.
  static bool areWorth(std::size_t size) { return size >= kLeast; }

  /// Until end() `frames`, which stay there, may be shared; if they are worth it.
  void add(Bytes frames);
  /// The same for some that are made to be shared. They live until end(), and as long as they are
  /// in a queue.
  void add(ByteQueue frames);
  /// What was added is not sent any more.
  void end() { ranges_.clear(); }

  /// A part that `bytes`, which are not empty, begin with.
  Part firstOf(Bytes bytes);
  /// Bytes that queues have a part of, each counted once.
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  static constexpr std::size_t kLeast = 1024;

  struct Range {
    Bytes bytes;
    Frame frame;  ///< null until somebody needs it
  };

  void insert(Range range);

  std::size_t held_ = 0;
  std::vector<Range> ranges_;  ///< by their addresses
};

}  // namespace wss::server
