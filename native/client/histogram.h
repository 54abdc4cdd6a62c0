// SPDX-License-Identifier: MIT
// Counts durations with three significant digits (a high dynamic range histogram): exact below
// 2048 ns, from there on 1024 buckets for each doubling. Recording costs a few instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wss::client {

class Histogram {
 public:
  /// Longer durations are counted as this one: about 18 minutes.
  static constexpr std::uint64_t kMaxNs = (std::uint64_t{1} << 40) - 1;

  struct Bucket {
    std::uint64_t highestNs;  ///< the longest duration that it stands for
    std::uint64_t count;
  };

  Histogram() : counts_(indexOf(kMaxNs) + 1) {}

  void record(std::uint64_t durationNs) { ++counts_[indexOf(durationNs)]; }
  void clear();
  /// Those that have counted something, from short to long.
  [[nodiscard]] std::vector<Bucket> buckets() const;

 private:
  static std::size_t indexOf(std::uint64_t durationNs);
  static std::uint64_t highestOf(std::size_t index);

  std::vector<std::uint64_t> counts_;
};

}  // namespace wss::client
