// SPDX-License-Identifier: MIT
// Frames, delivered whole and in chunks, must be read alike; texts must be judged as the plain
// reference judges them. The first byte is the size of the chunks, and its top bit the role.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "../native/support/reference.h"
#include "ws/reader.h"

namespace wss::ws {
namespace {

constexpr std::uint64_t kLimit = 1 << 20;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Reads frames and writes down what they say, messages put together from their pieces.
class Listener {
 public:
  explicit Listener(Role role) : reader_(role, kLimit) {}

  void receive(Bytes chunk) {
    if (done_) return;
    kept_.insert(kept_.end(), chunk.begin(), chunk.end());
    test::ExactBuffer buffer(kept_);
    MutableBytes input = buffer.bytes();
    Piece piece;
    while (!done_ && reader_.next(input, piece) != Piece::Kind::kNeedMore) write(piece);
    kept_.assign(input.begin(), input.end());
    require(done_ || kept_.size() < kMaxControlFrameSize);
  }

  [[nodiscard]] const std::string& log() const { return log_; }

 private:
  void write(Piece& piece) {
    if (piece.kind == Piece::Kind::kData) {
      const std::vector<std::uint8_t> expected = test::plainMask(piece.payload, piece.key);
      const bool valid = reader_.take(piece, piece.payload.data());
      message_.append(textOf(expected));
      if (valid) {
        require(std::ranges::equal(piece.payload, expected));
        checkMessage(piece);
        return;
      }
      require(piece.opcode == Opcode::kText);
      require(test::plainUtf8(bytesOf(message_)) != test::Utf8Verdict::kComplete);
    }
    done_ = piece.kind == Piece::Kind::kError || piece.kind == Piece::Kind::kClose;
    log_ += static_cast<char>(piece.kind);
    if (done_) log_ += std::to_string(piece.closeCode);
    if (piece.kind != Piece::Kind::kError) log_ += textOf(piece.payload);
  }

  void checkMessage(const Piece& piece) {
    const test::Utf8Verdict verdict = test::plainUtf8(bytesOf(message_));
    if (piece.opcode == Opcode::kText) {
      require(piece.ends ? verdict == test::Utf8Verdict::kComplete
                         : verdict != test::Utf8Verdict::kInvalid);
    }
    if (!piece.ends) return;
    require(message_.size() == reader_.messageSize() && message_.size() <= kLimit);
    log_ += static_cast<char>(piece.opcode);
    log_ += message_;
    message_.clear();
  }

  Reader reader_;
  std::vector<std::uint8_t> kept_;
  std::string message_;
  std::string log_;
  bool done_ = false;
};

void compareUtf8(Bytes text, std::size_t chunk) {
  Utf8 utf8;
  bool valid = true;
  for (Bytes rest = text; valid && !rest.empty();) {
    test::ExactBuffer part(rest.first(std::min(chunk, rest.size())));
    valid = utf8.feed(part.bytes());
    rest = rest.subspan(part.bytes().size());
  }
  const test::Utf8Verdict verdict = test::plainUtf8(text);
  require(valid == (verdict != test::Utf8Verdict::kInvalid));
  require(!valid || utf8.complete() == (verdict == test::Utf8Verdict::kComplete));
  const bool ascii = std::ranges::all_of(text, [](std::uint8_t byte) { return byte < 0x80; });
  require(!valid || utf8.ascii() == ascii);
}

}  // namespace
}  // namespace wss::ws

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t chunk = std::max<std::size_t>(1, data[0] & 0x7F);
  const auto role = (data[0] & 0x80) == 0 ? wss::ws::Role::kServer : wss::ws::Role::kClient;
  const wss::Bytes bytes(data + 1, size - 1);

  wss::ws::Listener whole(role);
  whole.receive(bytes);
  wss::ws::Listener chunked(role);
  for (wss::Bytes rest = bytes; !rest.empty();) {
    const wss::Bytes part = rest.first(std::min(chunk, rest.size()));
    chunked.receive(part);
    rest = rest.subspan(part.size());
  }
  wss::ws::require(whole.log() == chunked.log());
  wss::ws::compareUtf8(bytes, chunk);
  return 0;
}
