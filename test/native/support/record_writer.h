// SPDX-License-Identifier: MIT
// A peer that writes records of TLS 1.3 as it likes, right or wrong, and the plain state that both
// sides of a test begin with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "reference.h"
#include "tls/records/records.h"

namespace wss::test {

inline constexpr std::uint8_t kAlertRecord = 21;
inline constexpr std::uint8_t kHandshakeRecord = 22;
inline constexpr std::uint8_t kDataRecord = 23;

inline std::string_view keyUpdate(bool requested) {
  return {requested ? "\x18\0\0\1\1" : "\x18\0\0\1\0", 5};
}

/// The bytes of one record after the other.
class RecordWriter {
 public:
  RecordWriter(tls::Aead& aead, Bytes secret, std::uint64_t sequence = 0)
      : key_(aead, secret, sequence) {}

  /// A record with `padding` zeros after its type.
  RecordWriter& add(std::uint8_t type, std::string_view content, std::size_t padding = 0) {
    std::string inner(content);
    if (padding > 0) {
      inner.push_back(static_cast<char>(type));
      inner.append(padding - 1, '\0');
      type = 0;
    }
    const std::size_t length = inner.size() + 1 + tls::kTagSize;
    const auto at = static_cast<std::ptrdiff_t>(bytes_.size());
    const std::uint8_t header[] = {kDataRecord, 3, 3, static_cast<std::uint8_t>(length >> 8),
                                   static_cast<std::uint8_t>(length)};
    bytes_.insert(bytes_.end(), std::begin(header), std::end(header));
    bytes_.resize(bytes_.size() + length);
    const auto place = bytes_.begin() + at;
    sealed_ = key_.seal(Bytes(place, place + 5), bytesOf(inner), {}, type, &*place + 5) && sealed_;
    return *this;
  }
  RecordWriter& data(std::string_view content) { return add(kDataRecord, content); }
  /// A KeyUpdate; the records after it are under the next key.
  RecordWriter& update(bool requested) {
    add(kHandshakeRecord, keyUpdate(requested));
    key_.update();
    return *this;
  }
  RecordWriter& raw(std::string_view bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  tls::TrafficKey& key() { return key_; }

  std::string take() {
    std::string taken(textOf(Bytes(bytes_)));
    bytes_.clear();
    return sealed_ ? taken : std::string("OpenSSL failed");
  }

 private:
  tls::TrafficKey key_;
  std::vector<std::uint8_t> bytes_;
  bool sealed_ = true;
};

/// A record as it was read: its type and what was in it.
struct OpenedRecord {
  std::uint8_t type;
  std::string content;

  bool operator==(const OpenedRecord&) const = default;
};

/// Reads records that were written by the rules. Follows a KeyUpdate.
class RecordReader {
 public:
  RecordReader(tls::Aead& aead, Bytes secret, std::uint64_t sequence = 0)
      : key_(aead, secret, sequence) {}

  /// Those in `bytes`; one of type 0 stands for what does not open.
  std::vector<OpenedRecord> read(Bytes bytes) {
    std::vector<OpenedRecord> records;
    while (!bytes.empty()) {
      const std::size_t size = bytes.size() < 5 ? 0 : std::size_t{bytes[3]} << 8 | bytes[4];
      std::vector<std::uint8_t> inner(size);
      if (size <= tls::kTagSize || bytes.size() < 5 + size ||
          !key_.open(bytes.first(5), bytes.subspan(5, size), inner.data())) {
        records.push_back({0, ""});
        return records;
      }
      inner.resize(size - tls::kTagSize);
      while (!inner.empty() && inner.back() == 0) inner.pop_back();
      const std::uint8_t type = inner.empty() ? std::uint8_t{0} : inner.back();
      if (!inner.empty()) inner.pop_back();
      records.push_back({type, std::string(textOf(Bytes(inner)))});
      if (type == kHandshakeRecord) key_.update();
      bytes = bytes.subspan(5 + size);
    }
    return records;
  }

 private:
  tls::TrafficKey key_;
};

}  // namespace wss::test
