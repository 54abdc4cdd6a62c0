// SPDX-License-Identifier: MIT
// Compressed messages (RFC 7692), a portion of which is inflated in a turn.
#include <utility>

#include "server/streams/incoming.h"

namespace wss::server {
namespace {

/// Bytes that are inflated of a message before the others have their turn.
constexpr std::size_t kInflatedAtOnce = std::size_t{256} * 1024;

}  // namespace

void Incoming::agreeOnCompression(std::unique_ptr<ws::Inflater> own) {
  reader_.allowCompression();
  if (own) rare().inflater = std::move(own);
}

bool Incoming::onCompressed(ws::Piece& piece, const Target& target) {
  ByteQueue compressed;
  const bool whole = piece.starts && piece.ends;
  if (whole) {
    reader_.take(piece, piece.payload.data());
  } else {
    if (!collect(piece, target)) return false;
    if (!piece.ends) return true;
    const Accounted accounted(target, message_);
    compressed.swap(message_);
  }
  Bytes rest = whole ? Bytes(piece.payload) : Bytes(compressed.bytes());
  SharedStreams& streams = target.shared.streams;
  const bool own = rare_ && rare_->inflater != nullptr;
  ws::Inflater& inflater = own ? *rare_->inflater : streams.inflater();
  ws::Utf8 text = reader_.skipsUtf8() ? ws::Utf8::unknown() : ws::Utf8();
  const ws::InflateStatus status = inflate(inflater, rest, text, piece, target);
  if (status == ws::InflateStatus::kDone) deliverInflated(piece.opcode, text, target);
  if (status != ws::InflateStatus::kMore) return status == ws::InflateStatus::kDone;

  // The rest waits for later turns.
  if (whole) {
    compressed.append(rest);
  } else {
    compressed.consume(compressed.size() - rest.size());
  }
  rare().inflation = std::make_unique<Inflation>(
      Inflation{piece.opcode, text, std::move(compressed), own ? nullptr : streams.takeInflater()});
  fallBehind();
  return true;
}

std::optional<LastFrame> Incoming::inflateMore(const Target& target) {
  Inflation& inflation = *rare_->inflation;
  const bool own = inflation.inflater == nullptr;
  ws::Inflater& inflater = own ? *rare_->inflater : *inflation.inflater;
  ws::Piece piece;
  piece.opcode = inflation.opcode;
  Bytes rest = inflation.compressed.bytes();
  const ws::InflateStatus status = inflate(inflater, rest, inflation.text, piece, target);
  if (status == ws::InflateStatus::kMore) {
    inflation.compressed.consume(inflation.compressed.size() - rest.size());
    fallBehind();
    return std::nullopt;
  }
  const ws::Utf8 text = inflation.text;
  if (!own) target.shared.streams.giveBack(std::move(inflation.inflater));
  endInflation(target);
  if (status != ws::InflateStatus::kDone) return LastFrame::of(target.id, piece);
  deliverInflated(piece.opcode, text, target);
  return std::nullopt;
}

ws::InflateStatus Incoming::inflate(ws::Inflater& inflater, Bytes& rest, ws::Utf8& text,
                                    ws::Piece& piece, const Target& target) {
  Shared& shared = target.shared;
  const auto limit = static_cast<std::size_t>(shared.options.maxMessageSize);
  const std::size_t before = message_.size();
  const std::size_t given = rest.size();
  ws::InflateStatus status =
      inflater.inflatePortion(rest, message_, limit - std::min(limit, before), kInflatedAtOnce);
  shared.backlogs.countInflated(message_.size() - before + given - rest.size());

  const bool goesOn = status == ws::InflateStatus::kMore;
  if (goesOn) {
    shared.onUnfinished(target.id, message_.capacity() + rest.size());
    if (!shared.keepsUnfinished(target.id)) status = ws::InflateStatus::kNoMemory;
  }
  const bool valid =
      piece.opcode != ws::Opcode::kText || reader_.skipsUtf8() ||
      (text.feed(Bytes(message_.bytes()).subspan(before)) && (goesOn || text.complete()));
  switch (status) {
    case ws::InflateStatus::kDone:
    case ws::InflateStatus::kMore:
      if (valid) return status;
      fail(piece, ws::CloseCode::kInvalidPayload, "RFC 6455 §8.1: a text message is not UTF-8",
           ws::Rule::kUtf8);
      break;
    case ws::InflateStatus::kTooBig:
      fail(piece, ws::CloseCode::kMessageTooBig,
           "RFC 6455 §7.4.1: a message exceeds MaxMessageSize once inflated",
           ws::Rule::kMessageSize);
      break;
    case ws::InflateStatus::kCorrupt:
      fail(piece, ws::CloseCode::kInvalidPayload,
           "RFC 7692 §7.2.2: a compressed message cannot be inflated", ws::Rule::kDeflate);
      break;
    case ws::InflateStatus::kNoMemory:
      fail(piece, ws::CloseCode::kTryAgainLater, kUnfinishedReached);
      break;
  }
  message_.clear();
  shared.onUnfinished(target.id, 0);
  return ws::InflateStatus::kCorrupt;
}

void Incoming::deliverInflated(ws::Opcode opcode, const ws::Utf8& text, const Target& target) {
  target.shared.statistics.countReceived(message_.size());
  if (!target.shared.events.wants(EventKind::kDataIn)) return forget(target);
  deliver(opcode, text.ascii(), target);
}

void Incoming::endInflation(const Target& target) {
  rare_->inflation.reset();
  target.shared.onUnfinished(target.id, message_.capacity());
}

}  // namespace wss::server
