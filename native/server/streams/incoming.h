// SPDX-License-Identifier: MIT
// What comes in from a peer: bytes become frames, frames become messages, and messages become
// events, as a whole, as they come, or as lines. It knows no socket: whoever owns it gives it what
// has been received, answers control frames, and acts on the LastFrame that a message may turn out
// to be. What is too much for one turn waits here, and goes on when it is told to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/error.h"
#include "server/events/last_frame.h"
#include "server/shared/compression.h"
#include "server/shared/shared.h"
#include "ws/reader.h"
#include "ws/utf8.h"

namespace wss::server {

class Incoming {
 public:
  /// Where messages go, and by whose settings; of which connection.
  struct Target {
    Shared& shared;
    std::int32_t id;
  };

  explicit Incoming(std::uint64_t maxMessageSize) : reader_(ws::Role::kServer, maxMessageSize) {}
  /// As ws::Reader::skipUtf8().
  void skipUtf8() { reader_.skipUtf8(); }

  // Frames.
  /// The start of a request or frame whose rest has not come.
  [[nodiscard]] ByteQueue& kept() { return kept_; }
  /// As ws::Reader::next().
  ws::Piece::Kind next(MutableBytes& input, ws::Piece& piece) { return reader_.next(input, piece); }
  /// Takes a kData piece. False when it ends the WebSocket: `piece` says how, as a kError. `deaf`:
  /// what comes is for nobody.
  bool take(ws::Piece& piece, const Target& target, bool deaf);
  /// Drops what has come of a message.
  void forget(const Target& target);

  // Large frames, which are received where they are to stay.
  /// Whether enough is to come of the current one.
  [[nodiscard]] bool goesInPlace() const {
    constexpr std::uint64_t kWorth = std::uint64_t{32} * 1024;
    return collects_ && !message_.empty() && reader_.frameRemaining() >= kWorth;
  }
  /// Where the next bytes of it go. What comes there is then to be read as frames, after
  /// endInPlace() with the size of what this has returned.
  MutableBytes beginInPlace(const Target& target);
  void endInPlace(std::size_t size) { message_.shrink(size); }

  // What is too much for a turn.
  /// Whether some has been left for later turns: nothing must be received before.
  [[nodiscard]] bool isBehind() const { return behind_; }
  void fallBehind() { behind_ = true; }
  /// Goes on with what was left of a message, and is behind no more, or again. How the WebSocket
  /// ends, if it does.
  std::optional<LastFrame> catchUp(const Target& target);

  // What the server knows of those with a message that is not whole.
  /// Whether the message is delivered when it is whole, and not as it comes.
  [[nodiscard]] bool collects() const { return collects_; }
  [[nodiscard]] bool hasMessage() const { return !message_.empty(); }
  /// It is to count as if more had just come.
  void touch(const Target& target) { target.shared.onUnfinished(target.id, message_.capacity()); }

  // Settings of the connection.
  /// Messages may be compressed, in a stream of its own if there is context takeover.
  void agreeOnCompression(std::unique_ptr<ws::Inflater> own);
  /// Whether each line is delivered instead of each message. A message of which a part has been
  /// collected already is delivered in the mode that is on at its end.
  [[nodiscard]] bool lineMode() const { return lineMode_; }
  void setLineMode(bool on) { lineMode_ = on; }
  /// Bytes after which a line is delivered though its end has not come.
  [[nodiscard]] int maxLineLength() const { return rare_ ? rare_->maxLineLength : kMaxLineLength; }
  /// Fails with 112 while a part of a line waits for its end.
  Result<void> setMaxLineLength(int bytes);

  /// Frees what is not needed any more: no more frames will be read. REQUIRES forget() before.
  void release() { rare_.reset(); }

 private:
  static constexpr int kMaxLineLength = 2048;

  /// Lines that wait in message_ for the next turn.
  struct Lines {
    bool text;
    bool ends;                      ///< the message ends with the last of them
    std::optional<LastFrame> last;  ///< of the WebSocket, because of what came behind them
  };
  /// What few connections need.
  struct Rare {
    int maxLineLength = kMaxLineLength;
    std::unique_ptr<ws::Inflater> inflater;  ///< its own; null: the shared one will do
    std::unique_ptr<Inflation> inflation;
    std::optional<Lines> lines;
  };

  class Accounted;

  // What take() does with a piece of a message. False makes it the error that it then is.
  bool collect(ws::Piece& piece, const Target& target);
  bool passOn(ws::Piece& piece, const Target& target);
  /// Delivers what a text that has turned out to be broken has before that; false, for take().
  bool passOnValid(Bytes text, const Target& target);
  bool readLines(ws::Piece& piece, const Target& target);
  bool onCompressed(ws::Piece& piece, const Target& target);

  std::optional<LastFrame> inflateMore(const Target& target);
  /// Inflates a portion of `rest`, which is moved on, into message_; if it is text, `text` goes on
  /// with it. Makes `piece` the error that it is otherwise.
  ws::InflateStatus inflate(ws::Inflater& inflater, Bytes& rest, ws::Utf8& text, ws::Piece& piece,
                            const Target& target);
  void deliverInflated(ws::Opcode opcode, const ws::Utf8& text, const Target& target);
  void endInflation(const Target& target);

  /// Delivers the message, which is whole, and leaves it empty.
  void deliver(ws::Opcode opcode, bool ascii, const Target& target);
  /// Delivers the lines of the message, of which `scanned` bytes are known to have no line feed;
  /// and the rest too, if the message `ends` there. What is too much for a turn stays, as Lines.
  void deliverLines(std::size_t scanned, bool text, bool ends, const Target& target);
  std::optional<LastFrame> deliverMoreLines(const Target& target);
  Rare& rare();

  // What is behind the reader lies in what alignment has left there.
  [[no_unique_address]] ws::Reader reader_;
  bool lineMode_ : 1 = false;
  bool collects_ : 1 = false;  ///< the current message is delivered when it is whole
  bool begun_ : 1 = false;     ///< a piece of the current message has been delivered
  bool skips_ : 1 = false;     ///< the rest of the current message is for nobody
  bool behind_ : 1 = false;    ///< what has come is more than one turn could take
  ByteQueue kept_;
  ByteQueue message_;  ///< what has come of a message, but is not yet to be delivered
  std::unique_ptr<Rare> rare_;
};

/// Tells, at the end of a scope, how much memory a message has come to take in it. Scopes must not
/// nest.
class Incoming::Accounted {
 public:
  Accounted(const Target& target, const ByteQueue& message)
      : target_(target), message_(message), hadNone_(message.capacity() == 0) {}
  ~Accounted() {
    const std::size_t bytes = message_.capacity();
    if (bytes > 0 || !hadNone_) target_.shared.onUnfinished(target_.id, bytes);
  }
  Accounted(const Accounted&) = delete;
  Accounted& operator=(const Accounted&) = delete;

 private:
  const Target& target_;
  const ByteQueue& message_;
  bool hadNone_;
};

}  // namespace wss::server
