// SPDX-License-Identifier: MIT
// A server's Records, and a client that writes and reads what it likes.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record_writer.h"
#include "reference.h"
#include "tls/records/records.h"

namespace wss::test {

using Opened = std::vector<OpenedRecord>;

class Link {
 public:
  explicit Link(std::uint16_t suite = 0x1301, std::uint64_t received = 0, std::uint64_t sent = 0,
                tls::Trace* trace = nullptr)
      : aead_(tls::Aead::create(suite)),
        peers_(tls::Aead::create(suite)),
        clientSecret_(suite == 0x1302 ? 48 : 32, 'c'),
        serverSecret_(clientSecret_.size(), 's'),
        writer(*peers_, bytesOf(clientSecret_), received),
        reader(*peers_, bytesOf(serverSecret_), sent),
        records(*aead_, {bytesOf(clientSecret_), received}, {bytesOf(serverSecret_), sent}, trace) {
  }

  /// What the server reads when `bytes` come in parts of `size`.
  std::string receive(std::string_view bytes, std::size_t size = SIZE_MAX) {
    std::string received;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      // A part that is read beyond its end, or written to, is seen.
      ExactBuffer part(bytesOf(bytes.substr(0, size)));
      std::vector<std::uint8_t> plain(part.bytes().size() + std::size_t{17} * 1024);
      const std::size_t count = records.receive(part.bytes(), plain, out);
      received.append(textOf(Bytes(plain)).substr(0, count));
    }
    return received;
  }
  std::string receive() { return receive(writer.take()); }

  /// What the server has sent since the last call.
  Opened sent() {
    const Opened opened = reader.read(std::as_const(out).bytes());
    out.clear();
    return opened;
  }

  /// Whether the server has failed for `reason` and said `alert`.
  bool failed(const char* reason, std::uint8_t alert) {
    const Opened opened = sent();
    return records.state() == tls::Records::State::kFailed && records.failure() == reason &&
           !opened.empty() &&
           opened.back() == OpenedRecord{kAlertRecord, {2, static_cast<char>(alert)}};
  }

 private:
  std::unique_ptr<tls::Aead> aead_;
  std::unique_ptr<tls::Aead> peers_;
  std::string clientSecret_;
  std::string serverSecret_;

 public:
  RecordWriter writer;
  RecordReader reader;
  tls::Records records;
  ByteQueue out;
};

}  // namespace wss::test
