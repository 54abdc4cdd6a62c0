// SPDX-License-Identifier: MIT
#include "server/shared/shared_frames.h"

#include <algorithm>
#include <cstdint>
#include <functional>

namespace wss::server {

void SharedFrames::add(Bytes frames) {
  if (areWorth(frames.size())) insert({frames, nullptr});
}

void SharedFrames::add(ByteQueue frames) {
  const auto frame = std::make_shared<const SharedFrame>(std::move(frames), held_);
  insert({frame->bytes(), frame});
}

SharedFrames::Part SharedFrames::firstOf(Bytes bytes) {
  const std::less<const std::uint8_t*> isBefore;  // For pointers into different memory, too.
  const std::uint8_t* const start = bytes.data();
  const auto range = std::ranges::find_if(ranges_, [&](const Range& one) {
    return isBefore(start, one.bytes.data() + one.bytes.size());
  });
  if (range == ranges_.end()) return {nullptr, 0, bytes.size()};
  const std::uint8_t* const shared = range->bytes.data();
  if (isBefore(start, shared)) {
    const bool reaches = isBefore(shared, start + bytes.size());
    return {nullptr, 0, reaches ? static_cast<std::size_t>(shared - start) : bytes.size()};
  }
  const auto offset = static_cast<std::size_t>(start - shared);
  const std::size_t size = std::min(bytes.size(), range->bytes.size() - offset);
  if (!areWorth(size)) return {nullptr, 0, size};
  if (!range->frame) {
    ByteQueue copy;
    copy.append(range->bytes);
    range->frame = std::make_shared<const SharedFrame>(std::move(copy), held_);
  }
  return {range->frame, offset, size};
}

void SharedFrames::insert(Range range) {
  const auto place =
      std::ranges::upper_bound(ranges_, range.bytes.data(), std::less<const std::uint8_t*>(),
                               [](const Range& one) { return one.bytes.data(); });
  ranges_.insert(place, std::move(range));
}

}  // namespace wss::server
