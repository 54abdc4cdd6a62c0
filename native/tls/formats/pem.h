// SPDX-License-Identifier: MIT
// The blocks of a PEM text (RFC 7468, and RFC 1421 §4.6 for headers). Internal to tls/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wss::tls {

struct PemBlock {
  std::string_view name;  ///< of the text
  std::string header;     ///< its lines as OpenSSL wants them; mostly empty
  /// What was in Base64; wiped when the block goes, as it may be a key.
  std::vector<std::uint8_t> data;
  bool isDamaged = false;

  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock();
};

/// Takes one block after the other from `text`, between which anything may stand. A block may be on
/// a line of its own, as settings have it.
class PemReader {
 public:
  explicit PemReader(std::string_view text) : rest_(text) {}

  /// Fills `block`, which is a new one; false when there is no more.
  bool read(PemBlock& block);

 private:
  std::string_view rest_;
};

}  // namespace wss::tls
