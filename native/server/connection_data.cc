// SPDX-License-Identifier: MIT
// What a connection receives: the pieces of its messages, on their way into the batch, as whole
// messages, as they come, or as lines.
#include <algorithm>
#include <cstring>
#include <utility>

#include "server/connection.h"

namespace wss::server {
namespace {

/// How much more than has come is made room for.
constexpr std::size_t kGrowth = 4;

/// Tells the server, at the end of a scope, how much memory a message of `id` has come to take in
/// it. Scopes must not nest.
class Accounted {
 public:
  Accounted(Shared& shared, std::int32_t id, const ByteQueue& message)
      : shared_(shared), message_(message), id_(id), hadNone_(message.capacity() == 0) {}
  ~Accounted() {
    const std::size_t bytes = message_.capacity();
    if (bytes > 0 || !hadNone_) shared_.onUnfinished(id_, bytes);
  }
  Accounted(const Accounted&) = delete;
  Accounted& operator=(const Accounted&) = delete;

 private:
  Shared& shared_;
  const ByteQueue& message_;
  std::int32_t id_;
  bool hadNone_;
};

/// Makes an error of a piece. False, for onData() to return.
bool fail(ws::Piece& piece, ws::CloseCode code, std::string_view text) {
  piece.closeCode = static_cast<std::uint16_t>(code);
  piece.errorText = text;
  return false;
}

bool isText(const ws::Piece& piece) { return piece.opcode == ws::Opcode::kText; }

/// Bytes that are inflated of a message before the others have their turn.
constexpr std::size_t kInflatedAtOnce = std::size_t{256} * 1024;
/// Lines that are delivered of a message before the others have their turn.
constexpr int kLinesAtOnce = 4096;

}  // namespace

bool Connection::onData(ws::Piece& piece) {
  EventBatch& events = shared_.events;
  const std::size_t size = piece.payload.size();
  const bool plain = !piece.compressed && !lineMode_;
  // Whoever has stopped taking data, and is closing, does not want what is still on its way.
  const bool wanted = events.wants(EventKind::kDataIn) && !(paused_ && state_ == State::kClosing);
  // Most messages come whole: straight into the batch.
  if (piece.starts && piece.ends && plain && wanted && !events.isWorthAdopting(size)) {
    std::uint8_t* const place = events.reserve(size);
    if (!reader_.take(piece, place)) {
      begun_ = false;
      return shared_.options.bufferMessage ? false : passOnValid({place, size});
    }
    countMessage(size);
    const bool ascii = isText(piece) && reader_.messageIsAscii();
    events.add(EventKind::kDataIn, id_, kEndOfMessage | (ascii ? kIsAscii : 0),
               static_cast<std::int32_t>(piece.opcode), size);
    return true;
  }
  if (piece.starts) {
    collects_ = piece.compressed || (shared_.options.bufferMessage && !lineMode_);
    begun_ = skips_ = false;
  }
  if (reader_.fragments() > static_cast<std::uint32_t>(shared_.options.maxFragments)) {
    return fail(piece, ws::CloseCode::kPolicyViolation, "a message exceeds MaxFragments");
  }
  if (piece.compressed) return onCompressed(piece);
  // Of a message that nobody has wanted for a while, the rest alone would be another message.
  if (!wanted) skips_ = true;
  if (skips_) {
    if (!reader_.take(piece, piece.payload.data())) return false;
    if (!message_.empty()) forgetMessage();
    if (piece.ends) countMessage(reader_.messageSize());
    return true;
  }
  const bool taken = collects_ ? collect(piece) : lineMode_ ? readLines(piece) : passOn(piece);
  if (!taken) return false;
  if (!piece.ends) return true;
  countMessage(reader_.messageSize());
  if (collects_) deliver(piece.opcode, message_, reader_.messageIsAscii());
  return true;
}

bool Connection::collect(ws::Piece& piece) {
  const std::size_t size = piece.payload.size();
  {
    const Accounted accounted(shared_, id_, message_);
    // What has come bounds what is made room for, whatever was announced.
    if (piece.starts) {
      message_.reserve(static_cast<std::size_t>(
          std::min<std::uint64_t>(size + reader_.frameRemaining(), size * kGrowth)));
    }
    const auto most = static_cast<std::size_t>(shared_.options.maxMessageSize);
    if (!reader_.take(piece, message_.extend(size, most))) return false;
  }
  if (piece.ends || shared_.keepsUnfinished(id_)) return true;
  return fail(piece, ws::CloseCode::kTryAgainLater, kUnfinishedReached);
}

void Connection::failMessage(ws::CloseCode code, std::string_view reason) {
  forgetMessage();
  if (state_ != State::kOpen && state_ != State::kClosing) return;
  onLast({id_, static_cast<std::uint16_t>(code), true, true, std::string(reason)});
}

void Connection::onMessageStalled() {
  // Whom we do not listen to cannot go on; what has been delivered need not.
  if (paused_ || !collects_) return shared_.onUnfinished(id_, message_.capacity());
  failMessage(ws::CloseCode::kPolicyViolation, "Nothing more of a message came for MessageTimeout");
}

net::Transfer Connection::receiveInPlace() {
  const std::size_t size = static_cast<std::size_t>(
      std::min<std::uint64_t>(reader_.frameRemaining(), message_.size() * kGrowth));
  std::uint8_t* place = nullptr;
  {
    const Accounted accounted(shared_, id_, message_);
    place = message_.extend(size);
  }
  const net::Transfer transfer = socket_.receive({place, size});
  message_.shrink(size);
  // Taken from and to the same place.
  if (transfer.status == net::Transfer::Status::kDone) readFrames({place, transfer.count});
  return transfer;
}

bool Connection::passOn(ws::Piece& piece) {
  const Accounted accounted(shared_, id_, message_);
  EventBatch& events = shared_.events;
  // The start of a character whose rest had not come goes in front.
  const std::size_t kept = message_.size();
  std::size_t size = kept + piece.payload.size();
  std::uint8_t* const place = events.reserve(size);
  if (kept > 0) std::memcpy(place, message_.bytes().data(), kept);
  if (!reader_.take(piece, place + kept)) return passOnValid({place, size});
  message_.clear();
  if (isText(piece) && !piece.ends) {
    const std::size_t tail = ws::incompleteTail({place, size});
    size -= tail;
    message_.append(Bytes(place + size, tail));
    if (size == 0) return true;
  }
  const bool ascii = isText(piece) && reader_.messageIsAscii();
  const std::int32_t kind = ascii ? kIsAscii : isText(piece) ? 0 : kIsBinary;
  events.add(EventKind::kDataIn, id_, kind | (piece.ends ? kEndOfMessage : 0),
             begun_ ? 0 : static_cast<std::int32_t>(piece.opcode), size);
  begun_ = true;
  return true;
}

/// `text` is in what reserve() gave last.
bool Connection::passOnValid(Bytes text) {
  const std::size_t size = ws::validPrefix(text);
  const auto format = begun_ ? 0 : static_cast<std::int32_t>(ws::Opcode::kText);
  if (size > 0) shared_.events.add(EventKind::kDataIn, id_, 0, format, size);
  return false;
}

bool Connection::readLines(ws::Piece& piece) {
  const Accounted accounted(shared_, id_, message_);
  const std::size_t kept = message_.size();
  if (!reader_.take(piece, message_.extend(piece.payload.size()))) {
    // The lines before the broken character.
    const std::size_t size = ws::validPrefix(message_.bytes());
    message_.shrink(message_.size() - size);
    deliverLines(message_, std::min(kept, size), true, false);
    if (!extra_) return false;
    auto& waiting = extra_->lines;
    if (!waiting) return false;
    waiting->ending = Ending::of(id_, piece);
    piece.ends = false;
    return true;
  }
  deliverLines(message_, kept, isText(piece), piece.ends);
  return true;
}

bool Connection::onCompressed(ws::Piece& piece) {
  ByteQueue compressed;
  const bool whole = piece.starts && piece.ends;
  if (whole) {
    reader_.take(piece, piece.payload.data());
  } else {
    if (!collect(piece)) return false;
    if (!piece.ends) return true;
    const Accounted accounted(shared_, id_, message_);
    compressed.swap(message_);
  }
  Bytes rest = whole ? Bytes(piece.payload) : Bytes(compressed.bytes());
  const bool own = extra_ && extra_->inflater != nullptr;
  ws::Inflater& inflater = own ? *extra_->inflater : shared_.streams.inflater();
  ws::Utf8 text;
  const ws::InflateStatus status = inflate(inflater, rest, text, piece);
  if (status == ws::InflateStatus::kDone) deliverInflated(piece.opcode, text);
  if (status != ws::InflateStatus::kMore) return status == ws::InflateStatus::kDone;

  // The rest waits for later turns.
  if (whole) {
    compressed.append(rest);
  } else {
    compressed.consume(compressed.size() - rest.size());
  }
  extra().inflation = std::make_unique<Inflation>(Inflation{
      piece.opcode, text, std::move(compressed), own ? nullptr : shared_.streams.takeInflater()});
  fallBehind();
  return true;
}

void Connection::inflateMore() {
  Inflation& inflation = *extra_->inflation;
  const bool own = inflation.inflater == nullptr;
  ws::Inflater& inflater = own ? *extra_->inflater : *inflation.inflater;
  ws::Piece piece;
  piece.opcode = inflation.opcode;
  Bytes rest = inflation.compressed.bytes();
  const ws::InflateStatus status = inflate(inflater, rest, inflation.text, piece);
  if (status == ws::InflateStatus::kMore) {
    inflation.compressed.consume(inflation.compressed.size() - rest.size());
    return fallBehind();
  }
  const ws::Utf8 text = inflation.text;
  if (!own) shared_.streams.giveBack(std::move(inflation.inflater));
  endInflation();
  if (status == ws::InflateStatus::kDone) return deliverInflated(piece.opcode, text);
  onLast(Ending::of(id_, piece));
}

ws::InflateStatus Connection::inflate(ws::Inflater& inflater, Bytes& rest, ws::Utf8& text,
                                      ws::Piece& piece) {
  const auto limit = static_cast<std::size_t>(shared_.options.maxMessageSize);
  const std::size_t before = message_.size();
  const std::size_t given = rest.size();
  ws::InflateStatus status =
      inflater.inflatePortion(rest, message_, limit - std::min(limit, before), kInflatedAtOnce);
  shared_.backlogs.countInflated(message_.size() - before + given - rest.size());

  const bool goesOn = status == ws::InflateStatus::kMore;
  if (goesOn) {
    shared_.onUnfinished(id_, message_.capacity() + rest.size());
    if (!shared_.keepsUnfinished(id_)) status = ws::InflateStatus::kNoMemory;
  }
  const bool valid = !isText(piece) || (text.feed(Bytes(message_.bytes()).subspan(before)) &&
                                        (goesOn || text.complete()));
  switch (status) {
    case ws::InflateStatus::kDone:
    case ws::InflateStatus::kMore:
      if (valid) return status;
      fail(piece, ws::CloseCode::kInvalidPayload, "RFC 6455 §8.1: a text message is not UTF-8");
      break;
    case ws::InflateStatus::kTooBig:
      fail(piece, ws::CloseCode::kMessageTooBig,
           "RFC 6455 §7.4.1: a message exceeds MaxMessageSize once inflated");
      break;
    case ws::InflateStatus::kCorrupt:
      fail(piece, ws::CloseCode::kInvalidPayload,
           "RFC 7692 §7.2.2: a compressed message cannot be inflated");
      break;
    case ws::InflateStatus::kNoMemory:
      fail(piece, ws::CloseCode::kTryAgainLater, kUnfinishedReached);
      break;
  }
  message_.clear();
  shared_.onUnfinished(id_, 0);
  return ws::InflateStatus::kCorrupt;
}

void Connection::deliverInflated(ws::Opcode opcode, const ws::Utf8& text) {
  countMessage(message_.size());
  if (!shared_.events.wants(EventKind::kDataIn)) return forgetMessage();
  deliver(opcode, message_, text.ascii());
}

void Connection::endInflation() {
  extra_->inflation.reset();
  shared_.onUnfinished(id_, message_.capacity());
}

void Connection::deliver(ws::Opcode opcode, ByteQueue& message, bool ascii) {
  const Accounted accounted(shared_, id_, message_);
  if (lineMode_) return deliverLines(message, 0, opcode == ws::Opcode::kText, true);
  const bool isAscii = opcode == ws::Opcode::kText && ascii;
  shared_.events.addBytes(EventKind::kDataIn, id_, kEndOfMessage | (isAscii ? kIsAscii : 0),
                          static_cast<std::int32_t>(opcode), std::move(message));
}

void Connection::deliverLines(ByteQueue& bytes, std::size_t scanned, bool text, bool ends) {
  const auto limit = static_cast<std::size_t>(maxLineLength());
  std::string_view rest = textOf(bytes.bytes());
  int lines = 0;
  // `size` bytes are delivered, `used` are done with.
  const auto add = [&](std::size_t size, std::size_t used, std::int32_t flags) {
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(used);
    if (ends && rest.empty()) flags |= kEndOfMessage;
    if (!text) flags |= kIsBinary;
    shared_.events.addText(EventKind::kDataIn, id_, flags, 0, line);
    ++lines;
  };
  while (lines < kLinesAtOnce) {
    const std::size_t feed = rest.find('\n', scanned);
    std::string_view line = rest.substr(0, feed);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= limit) {
      // A line of text is cut between two characters, unless not even one fits.
      const std::size_t tail = text ? ws::incompleteTail(bytesOf(line.substr(0, limit))) : 0;
      const std::size_t cut = tail < limit ? limit - tail : limit;
      add(cut, cut, 0);
      scanned = std::min(feed - cut, rest.size());
    } else if (feed != std::string_view::npos) {
      add(line.size(), feed + 1, kEndOfLine);
      scanned = 0;
    } else {
      break;
    }
  }
  if (lines == kLinesAtOnce && !rest.empty()) {
    extra().lines = Lines{text, ends, std::nullopt};
    fallBehind();
  } else if (ends && !rest.empty()) {
    add(rest.size(), rest.size(), 0);
  }
  bytes.consume(bytes.size() - rest.size());
}

void Connection::deliverMoreLines() {
  const Accounted accounted(shared_, id_, message_);
  auto& waiting = extra_->lines;
  if (!waiting) return;
  const Lines lines = std::move(*waiting);
  waiting.reset();
  deliverLines(message_, 0, lines.text, lines.ends);
  if (!lines.ending) return;
  if (!waiting) return onLast(*lines.ending);
  waiting->ending = lines.ending;
}

Result<void> Connection::setMaxLineLength(int bytes) {
  const bool inLine = lineMode_ && !collects_ && !message_.empty();
  if (inLine) {
    return makeError(ErrorCode::kMaxLineLengthWhileConnected,
                     "a part of a line has come: wait for its end, or call ChangeLineMode first");
  }
  extra().maxLineLength = bytes;
  return {};
}

void Connection::forgetMessage() {
  const Accounted accounted(shared_, id_, message_);
  message_.clear();
  if (!extra_) return;
  extra_->lines.reset();
  if (extra_->inflation) endInflation();
}

void Connection::countMessage(std::uint64_t size) { shared_.statistics.countReceived(size); }

}  // namespace wss::server
