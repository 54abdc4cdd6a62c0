// SPDX-License-Identifier: MIT
#include "client/histogram.h"

#include <algorithm>
#include <bit>

namespace wss::client {
namespace {

/// Buckets of one doubling. A duration keeps its leading bits: kBits of them and the highest one.
constexpr unsigned kBits = 10;
constexpr std::size_t kBuckets = std::size_t{1} << kBits;

}  // namespace

void Histogram::clear() { std::ranges::fill(counts_, 0); }

std::size_t Histogram::indexOf(std::uint64_t durationNs) {
  const std::uint64_t value = std::min(durationNs, kMaxNs);
  const auto width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width > kBits + 1 ? width - (kBits + 1) : 0;
  return shift * kBuckets + static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::highestOf(std::size_t index) {
  // Without a shift there are two times kBuckets of them.
  const std::size_t shift = index < 2 * kBuckets ? 0 : index / kBuckets - 1;
  const std::uint64_t leading = index - shift * kBuckets;
  return ((leading + 1) << shift) - 1;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    if (counts_[index] > 0) filled.push_back({highestOf(index), counts_[index]});
  }
  return filled;
}

}  // namespace wss::client
