// SPDX-License-Identifier: MIT
#include "ws/reader.h"

#include <algorithm>
#include <cstring>

namespace wss::ws {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7F;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

void fail(Piece& piece, CloseCode code, std::string_view text, Rule rule, std::uint16_t value = 0) {
  piece.kind = Piece::Kind::kError;
  piece.closeCode = static_cast<std::uint16_t>(code);
  piece.errorText = text;
  piece.rule = rule;
  piece.ruleValue = value;
}

/// What compressed data of `size` bytes may at most come to: stored blocks (RFC 1951 §3.2.4).
constexpr std::uint64_t deflateBound(std::uint64_t size) { return size + size / 1024 + 64; }

Opcode opcodeOf(std::uint8_t first) { return static_cast<Opcode>(first & kOpcode); }

/// 3–7 and B–F: those that differ from a known one by more than the bit for control frames.
bool isReserved(Opcode opcode) { return (static_cast<std::uint8_t>(opcode) & 0x7) > 2; }

std::uint64_t loadBigEndian(Bytes bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

/// What a Close frame says, its payload being unmasked.
void readClose(Piece& piece, bool skipsUtf8) {
  piece.closeCode = static_cast<std::uint16_t>(CloseCode::kNoStatus);
  if (piece.payload.empty()) return;

  const auto code = static_cast<std::uint16_t>(loadBigEndian(piece.payload.first(2)));
  if (!isWireCloseCode(code)) {
    return fail(piece, CloseCode::kProtocolError,
                "RFC 6455 §7.4: a Close frame has a code that may not be sent", Rule::kCloseCode,
                code);
  }
  piece.closeCode = code;
  piece.payload = piece.payload.subspan(2);
  if (skipsUtf8) return;
  Utf8 reason;
  if (!reason.feed(piece.payload) || !reason.complete()) {
    fail(piece, CloseCode::kInvalidPayload,
         "RFC 6455 §5.5.1: the reason of a Close frame is not UTF-8", Rule::kUtf8);
  }
}

}  // namespace

struct Reader::Broken {
  std::string_view text;  ///< empty: none
  Rule rule = Rule::kNone;
  std::uint16_t value = 0;

  /// The rule that the second byte of a frame breaks by itself.
  static Broken bySecond(std::uint8_t second, Opcode opcode, Role role) {
    const bool masked = (second & kMasked) != 0;
    if (masked != (role == Role::kServer)) {
      return {masked ? "RFC 6455 §5.1: a frame from the server is masked"
                     : "RFC 6455 §5.1: a frame from the client is not masked",
              Rule::kMask};
    }
    const std::uint8_t length = second & kLength;
    if (isControl(opcode) && length > kMaxControlPayload) {
      return {"RFC 6455 §5.5: a control frame has more than 125 bytes of payload",
              Rule::kControlLength, length};
    }
    if (opcode == Opcode::kClose && length == 1) {
      return {"RFC 6455 §5.5.1: a Close frame has half a code", Rule::kControlLength, length};
    }
    return {};
  }
};

struct Reader::Header {
  std::uint64_t length;
  std::size_t size;
  MaskKey key;
  Opcode opcode;
  bool fin;
  bool rsv1;
};

Piece::Kind Reader::next(MutableBytes& input, Piece& piece) {
  if (nextWhole(input, piece)) return piece.kind;
  piece.kind = Piece::Kind::kNeedMore;
  if (remaining_ == 0) {
    Header header;
    if (!readHeader(input, header, piece)) return piece.kind;
    if (isControl(header.opcode)) {
      readControl(input, header, piece);
      return piece.kind;
    }
    input = input.subspan(header.size);
    beginData(header);
  }
  if (remaining_ == 0 || !input.empty()) readData(input, piece);
  return piece.kind;
}

bool Reader::nextWhole(MutableBytes& input, Piece& piece) {
  constexpr std::size_t kHeader = 2 + sizeof(MaskKey);
  const bool begins = role_ == Role::kServer && message_ == Opcode::kContinuation;
  if (!begins || input.size() < kHeader) return false;
  // A bit that is not as expected brings either out of the range that is asked for.
  const auto opcode = static_cast<Opcode>(input[0] ^ kFin);
  const std::size_t length = input[1] ^ kMasked;
  if (opcode != Opcode::kText && opcode != Opcode::kBinary) return false;
  if (length >= kLength16 || length > input.size() - kHeader || length > maxMessageSize_) {
    return false;
  }
  fragments_ = 1;
  messageSize_ = length;
  piece.kind = Piece::Kind::kData;
  piece.opcode = opcode;
  piece.compressed = false;
  piece.starts = piece.ends = true;
  std::memcpy(piece.key.bytes, input.data() + 2, sizeof piece.key.bytes);
  piece.payload = input.subspan(kHeader, length);
  input = input.subspan(kHeader + length);
  return true;
}

bool Reader::take(Piece& piece, std::uint8_t* target) {
  const std::size_t size = piece.payload.size();
  if (role_ == Role::kServer) {
    applyMask(target, piece.payload.data(), size, piece.key);
  } else if (size > 0 && target != piece.payload.data()) {
    std::memcpy(target, piece.payload.data(), size);
  }
  if (piece.opcode != validated_ || piece.compressed) return true;

  if (piece.starts) utf8_ = {};
  if (utf8_.feed({target, size}) && (!piece.ends || utf8_.complete())) return true;
  fail(piece, CloseCode::kInvalidPayload, "RFC 6455 §8.1: a text message is not UTF-8",
       Rule::kUtf8);
  return false;
}

Reader::Broken Reader::ruleBrokenBy(std::uint8_t first) const {
  const Opcode opcode = opcodeOf(first);
  // RFC 7692 §6: RSV1 stands at the first frame of a message, and nowhere else.
  const bool mayBeCompressed =
      compressionAllowed_ && (opcode == Opcode::kText || opcode == Opcode::kBinary);
  if ((first & kReserved & ~(mayBeCompressed ? kRsv1 : 0)) != 0) {
    return {"RFC 6455 §5.2: a frame has a reserved bit set",
            (first & kReserved & ~kRsv1) != 0 ? Rule::kReservedBits : Rule::kReservedBit1};
  }
  const auto value = static_cast<std::uint16_t>(opcode);
  if (isReserved(opcode)) {
    return {"RFC 6455 §5.2: a frame has a reserved opcode", Rule::kOpcode, value};
  }
  if (isControl(opcode)) {
    if ((first & kFin) != 0) return {};
    return {"RFC 6455 §5.5: a control frame is fragmented", Rule::kFin};
  }
  const bool continues = opcode == Opcode::kContinuation;
  const bool inMessage = message_ != Opcode::kContinuation;
  if (continues == inMessage) return {};
  return {continues ? "RFC 6455 §5.4: a continuation frame continues no message"
                    : "RFC 6455 §5.4: a message begins inside another",
          Rule::kOpcode, value};
}

bool Reader::readHeader(Bytes input, Header& header, Piece& piece) const {
  const auto broken = [&piece](const Broken& found) {
    if (found.rule != Rule::kNone) {
      fail(piece, CloseCode::kProtocolError, found.text, found.rule, found.value);
    }
    return found.rule != Rule::kNone;
  };

  if (input.empty() || broken(ruleBrokenBy(input[0]))) return false;
  header.opcode = opcodeOf(input[0]);
  header.fin = (input[0] & kFin) != 0;
  header.rsv1 = (input[0] & kRsv1) != 0;

  if (input.size() < 2 || broken(Broken::bySecond(input[1], header.opcode, role_))) return false;
  header.length = input[1] & kLength;
  header.size = header.length < kLength16 ? 2 : header.length == kLength16 ? 4 : 10;

  if (header.size > 2) {
    if (header.length == kLength64 && input.size() > 2 && (input[2] & 0x80) != 0) {
      return !broken(
          {"RFC 6455 §5.2: the most significant bit of a length is set", Rule::kLengthTooLarge});
    }
    if (input.size() < header.size) return false;
    header.length = loadBigEndian(input.subspan(2, header.size - 2));
    if (headerSize(header.length) != header.size) {
      return !broken({"RFC 6455 §5.2: a length is not in its shortest form", Rule::kLength});
    }
  }

  if (!isControl(header.opcode)) {
    const bool continues = header.opcode == Opcode::kContinuation;
    const bool compressed = continues ? compressed_ : header.rsv1;
    const std::uint64_t limit = compressed ? deflateBound(maxMessageSize_) : maxMessageSize_;
    if (header.length > limit - (continues ? messageSize_ : 0)) {
      constexpr std::uint64_t kMostSafe = (std::uint64_t{1} << 53) - 1;  // JavaScript's
      fail(piece, CloseCode::kMessageTooBig, "RFC 6455 §7.4.1: a message exceeds MaxMessageSize",
           header.length > kMostSafe ? Rule::kLengthTooLarge : Rule::kMessageSize);
      return false;
    }
  }

  header.key = {};
  if (role_ == Role::kServer) {
    const std::size_t keyAt = header.size;
    header.size += sizeof header.key.bytes;
    if (input.size() < header.size) return false;
    std::memcpy(header.key.bytes, input.data() + keyAt, sizeof header.key.bytes);
  }
  return true;
}

void Reader::readControl(MutableBytes& input, const Header& header, Piece& piece) const {
  const auto length = static_cast<std::size_t>(header.length);
  if (input.size() - header.size < length) return;

  piece.opcode = header.opcode;
  piece.payload = input.subspan(header.size, length);
  input = input.subspan(header.size + length);
  applyMask(piece.payload.data(), piece.payload.data(), length, header.key);

  piece.kind = header.opcode == Opcode::kPing   ? Piece::Kind::kPing
               : header.opcode == Opcode::kPong ? Piece::Kind::kPong
                                                : Piece::Kind::kClose;
  if (piece.kind == Piece::Kind::kClose) readClose(piece, skipsUtf8());
}

void Reader::beginData(const Header& header) {
  if (header.opcode != Opcode::kContinuation) {
    message_ = header.opcode;
    messageSize_ = 0;
    fragments_ = 0;
    starts_ = true;
    compressed_ = header.rsv1;
  }
  ++fragments_;
  messageSize_ += header.length;
  remaining_ = header.length;
  key_ = header.key;
  fin_ = header.fin;
}

void Reader::readData(MutableBytes& input, Piece& piece) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
  remaining_ -= size;

  piece.kind = Piece::Kind::kData;
  piece.opcode = message_;
  piece.compressed = compressed_;
  piece.starts = starts_;
  piece.ends = fin_ && remaining_ == 0;
  piece.key = key_;
  piece.payload = input.first(size);

  input = input.subspan(size);
  key_ = key_.after(size);
  starts_ = false;
  if (piece.ends) message_ = Opcode::kContinuation;
}

}  // namespace wss::ws
