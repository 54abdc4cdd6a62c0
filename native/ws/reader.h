// SPDX-License-Identifier: MIT
// Bytes of one connection → frames (RFC 6455 §5). The reader does no I/O, owns no memory and calls
// nobody: it looks at the caller's bytes, checks every rule of framing and says what comes next.
// What it reports goes into the caller's Piece, so that a reader is 40 bytes: there is one for
// each connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "ws/frame.h"
#include "ws/utf8.h"

namespace wss::ws {

enum class Role : std::uint8_t {
  kServer,  ///< frames must be masked (RFC 6455 §5.1)
  kClient,  ///< frames must not be masked
};

/// The most bytes that a control frame takes: header, key and payload.
inline constexpr std::size_t kMaxControlFrameSize = 2 + sizeof(MaskKey) + kMaxControlPayload;

/// Which rule a peer has broken, for whoever is to tell it in other words.
enum class Rule : std::uint8_t {
  kNone,
  kMask,
  kReservedBit1,
  kReservedBits,
  kOpcode,          ///< none that there is, or not here; with it
  kFin,             ///< a control frame that is fragmented
  kControlLength,   ///< with it, as the second byte has it
  kCloseCode,       ///< with it
  kLength,          ///< not in its shortest form
  kLengthTooLarge,  ///< more than 2^53 - 1
  kUtf8,
  kMessageSize,
  kFragments,
  kDeflate,
};

/// What Reader::next() found at the front of the input. Only what a kind names below is set.
struct Piece {
  enum class Kind : std::uint8_t {
    kNeedMore,  ///< what is left of the input is the start of a frame: come again with more behind
    kData,      ///< a piece of a message, still masked: call Reader::take() before next()
    kPing,      ///< payload unmasked in place
    kPong,      ///< payload unmasked in place
    kClose,     ///< closeCode (kNoStatus if there was none); the payload is the reason, valid UTF-8
    kError,     ///< a broken rule: closeCode to answer with, errorText for the Log
  };

  Kind kind = Kind::kNeedMore;
  Opcode opcode = Opcode::kContinuation;  ///< kData: kText or kBinary, that of the message
  bool compressed = false;                ///< kData: RSV1 is set (RFC 7692 §6.2)
  bool starts = false;                    ///< kData: the first piece of its message
  bool ends = false;                      ///< kData: the last piece of its message
  std::uint16_t closeCode = 0;
  MaskKey key;                  ///< kData: the key for this piece (all zero for a client)
  MutableBytes payload;         ///< inside the input; may be empty
  std::string_view errorText;   ///< kError: a static sentence that names the RFC's section
  Rule rule = Rule::kNone;      ///< kError
  std::uint16_t ruleValue = 0;  ///< kError: what `rule` says it comes with
};

class Reader {
 public:
  Reader(Role role, std::uint64_t maxMessageSize) : maxMessageSize_(maxMessageSize), role_(role) {}

  /// permessage-deflate has been agreed on: messages may be compressed (RFC 7692 §6). REQUIRES a
  /// maxMessageSize below 2^62.
  void allowCompression() { compressionAllowed_ = true; }

  /// Texts and the reasons of Closes need not be UTF-8, and are not said to be ASCII.
  void skipUtf8() {
    validated_ = Opcode::kContinuation;
    utf8_ = Utf8::unknown();
  }
  [[nodiscard]] bool skipsUtf8() const { return validated_ != Opcode::kText; }

  /// Looks at the front of `input`, moves the front past what it reports, and fills `piece`.
  /// A control frame is reported whole, and left in the input until it is. A data frame is reported
  /// in as many pieces as it arrives in; its header is taken off the input as soon as it is there,
  /// and a piece is empty only when the frame is. So at most kMaxControlFrameSize - 1 bytes are
  /// left. A broken rule is reported with the byte that breaks it. After kError or kClose call no
  /// more.
  Piece::Kind next(MutableBytes& input, Piece& piece);

  /// Unmasks a kData piece into `target` (which may be piece.payload.data()) and validates text
  /// that is not compressed. False when it is not UTF-8: `piece` is then a kError with
  /// kInvalidPayload.
  bool take(Piece& piece, std::uint8_t* target);

  /// Payload bytes of the current frame that are still to come.
  [[nodiscard]] std::uint64_t frameRemaining() const { return remaining_; }
  /// Payload bytes announced by the frames of the current message so far; within the limit.
  [[nodiscard]] std::uint64_t messageSize() const { return messageSize_; }
  /// Frames of the current message so far.
  [[nodiscard]] std::uint32_t fragments() const { return fragments_; }
  /// After take() of a piece of a text: whether all of the message so far was ASCII.
  [[nodiscard]] bool messageIsAscii() const { return utf8_.ascii(); }

 private:
  struct Header;

  /// What most input begins with: a small message that is one frame, and all of it is there. False
  /// for all else, which is then looked at step by step.
  bool nextWhole(MutableBytes& input, Piece& piece);
  struct Broken;

  /// The rule that the first byte of a frame breaks.
  [[nodiscard]] Broken ruleBrokenBy(std::uint8_t first) const;
  /// False when `piece` says why not: kNeedMore or kError.
  bool readHeader(Bytes input, Header& header, Piece& piece) const;
  void readControl(MutableBytes& input, const Header& header, Piece& piece) const;
  void beginData(const Header& header);
  void readData(MutableBytes& input, Piece& piece);

  // Constant after construction.
  std::uint64_t maxMessageSize_;
  // Changes with every frame.
  std::uint64_t remaining_ = 0;
  std::uint64_t messageSize_ = 0;
  std::uint32_t fragments_ = 0;
  MaskKey key_;
  Utf8 utf8_;
  Role role_;
  Opcode message_ = Opcode::kContinuation;  ///< kContinuation: no message has begun
  Opcode validated_ = Opcode::kText;        ///< messages that must be UTF-8; kContinuation: none
  bool fin_ : 1 = false;
  bool starts_ : 1 = false;
  bool compressed_ : 1 = false;
  bool compressionAllowed_ : 1 = false;
};

}  // namespace wss::ws
