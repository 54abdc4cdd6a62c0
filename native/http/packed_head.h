// SPDX-License-Identifier: MIT
// A request head, kept for as long as its connection lives so that its properties can be read, in
// less than half of its bytes: most lines of most clients are the same, and become one byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace wss::http {

class PackedHead {
 public:
  PackedHead() = default;
  /// Packs a head that parseUpgrade() has accepted: without control characters but HTAB, and with
  /// "GET uri HTTP/1.1" as its first line.
  PackedHead(std::string_view uri, std::string_view headers);

  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// The request target as it came.
  [[nodiscard]] std::string uri() const;
  /// The header lines as they came, each with its CR LF.
  [[nodiscard]] std::string headers() const;

 private:
  [[nodiscard]] std::string_view packed() const { return {bytes_.get(), size_}; }

  std::unique_ptr<char[]> bytes_;
  std::uint32_t size_ = 0;
};

}  // namespace wss::http
