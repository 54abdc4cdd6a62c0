// SPDX-License-Identifier: MIT
// The pieces of messages, on their way into the batch. Lines are in incoming_lines.cc, compressed
// messages in incoming_inflation.cc.
#include "server/streams/incoming.h"

#include <cstring>
#include <utility>

namespace wss::server {
namespace {

/// How much more than has come is made room for.
constexpr std::size_t kGrowth = 4;

bool isText(const ws::Piece& piece) { return piece.opcode == ws::Opcode::kText; }

}  // namespace

bool Incoming::take(ws::Piece& piece, const Target& target, bool deaf) {
  EventBatch& events = target.shared.events;
  const Options& options = target.shared.options;
  Statistics& statistics = target.shared.statistics;
  const std::size_t size = piece.payload.size();
  const bool plain = !piece.compressed && !lineMode_;
  const bool wanted = events.wants(EventKind::kDataIn) && !deaf;
  // Most messages come whole: straight into the batch.
  if (piece.starts && piece.ends && plain && wanted && !events.isWorthAdopting(size)) {
    std::uint8_t* const place = events.reserve(size);
    if (!reader_.take(piece, place)) {
      begun_ = false;
      return options.bufferMessage ? false : passOnValid({place, size}, target);
    }
    statistics.countReceived(size);
    const bool ascii = isText(piece) && reader_.messageIsAscii();
    const std::int32_t flags = kEndOfMessage | (ascii ? kIsAscii : 0);
    events.add(EventRecord::dataIn(target.id, flags, static_cast<std::int32_t>(piece.opcode)),
               size);
    return true;
  }
  if (piece.starts) {
    collects_ = piece.compressed || (options.bufferMessage && !lineMode_);
    begun_ = skips_ = false;
  }
  if (reader_.fragments() > static_cast<std::uint32_t>(options.maxFragments)) {
    return fail(piece, ws::CloseCode::kPolicyViolation, "a message exceeds MaxFragments",
                ws::Rule::kFragments);
  }
  if (piece.compressed) return onCompressed(piece, target);
  // Of a message that nobody has wanted for a while, the rest alone would be another message.
  if (!wanted) skips_ = true;
  if (skips_) {
    if (!reader_.take(piece, piece.payload.data())) return false;
    if (!message_.empty()) forget(target);
    if (piece.ends) statistics.countReceived(reader_.messageSize());
    return true;
  }
  const bool taken = collects_   ? collect(piece, target)
                     : lineMode_ ? readLines(piece, target)
                                 : passOn(piece, target);
  if (!taken) return false;
  if (!piece.ends) return true;
  statistics.countReceived(reader_.messageSize());
  if (collects_) deliver(piece.opcode, reader_.messageIsAscii(), target);
  return true;
}

bool Incoming::collect(ws::Piece& piece, const Target& target) {
  const std::size_t size = piece.payload.size();
  {
    const Accounted accounted(target, message_);
    // Memory is made for a multiple of what has come, not for what the header announces.
    if (piece.starts) {
      message_.reserve(static_cast<std::size_t>(
          std::min<std::uint64_t>(size + reader_.frameRemaining(), size * kGrowth)));
    }
    const auto most = static_cast<std::size_t>(target.shared.options.maxMessageSize);
    if (!reader_.take(piece, message_.extend(size, most))) return false;
  }
  if (piece.ends || target.shared.keepsUnfinished(target.id)) return true;
  return fail(piece, ws::CloseCode::kTryAgainLater, kUnfinishedReached);
}

MutableBytes Incoming::beginInPlace(const Target& target) {
  const Accounted accounted(target, message_);
  const auto size = static_cast<std::size_t>(
      std::min<std::uint64_t>(reader_.frameRemaining(), message_.size() * kGrowth));
  return {message_.extend(size), size};
}

bool Incoming::passOn(ws::Piece& piece, const Target& target) {
  const Accounted accounted(target, message_);
  EventBatch& events = target.shared.events;
  // The start of a character whose rest had not come goes in front.
  const std::size_t kept = message_.size();
  std::size_t size = kept + piece.payload.size();
  std::uint8_t* const place = events.reserve(size);
  if (kept > 0) std::memcpy(place, message_.bytes().data(), kept);
  if (!reader_.take(piece, place + kept)) return passOnValid({place, size}, target);
  message_.clear();
  if (isText(piece) && !piece.ends) {
    const std::size_t tail = ws::incompleteTail({place, size});
    size -= tail;
    message_.append(Bytes(place + size, tail));
    if (size == 0) return true;
  }
  const bool ascii = isText(piece) && reader_.messageIsAscii();
  const std::int32_t kind = ascii ? kIsAscii : isText(piece) ? 0 : kIsBinary;
  const std::int32_t format = begun_ ? 0 : static_cast<std::int32_t>(piece.opcode);
  events.add(EventRecord::dataIn(target.id, kind | (piece.ends ? kEndOfMessage : 0), format), size);
  begun_ = true;
  return true;
}

/// `text` is in what reserve() gave last.
bool Incoming::passOnValid(Bytes text, const Target& target) {
  const std::size_t size = ws::validPrefix(text);
  const auto format = begun_ ? 0 : static_cast<std::int32_t>(ws::Opcode::kText);
  if (size > 0) target.shared.events.add(EventRecord::dataIn(target.id, 0, format), size);
  return false;
}

void Incoming::deliver(ws::Opcode opcode, bool ascii, const Target& target) {
  const Accounted accounted(target, message_);
  const bool isText = opcode == ws::Opcode::kText;
  if (lineMode_) return deliverLines(0, isText, true, target);
  const std::int32_t flags = kEndOfMessage | (isText && ascii ? kIsAscii : 0);
  target.shared.events.addBytes(
      EventRecord::dataIn(target.id, flags, static_cast<std::int32_t>(opcode)),
      std::move(message_));
}

std::optional<LastFrame> Incoming::catchUp(const Target& target) {
  behind_ = false;
  if (rare_ && rare_->inflation) {
    if (std::optional<LastFrame> last = inflateMore(target)) return last;
  }
  if (behind_ || !rare_) return std::nullopt;
  return deliverMoreLines(target);
}

void Incoming::forget(const Target& target) {
  const Accounted accounted(target, message_);
  message_.clear();
  if (!rare_) return;
  rare_->lines.reset();
  if (rare_->inflation) endInflation(target);
}

Incoming::Rare& Incoming::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

}  // namespace wss::server
