// SPDX-License-Identifier: MIT
#include "server/streams/outgoing.h"

#include <algorithm>
#include <string_view>

namespace wss::server {
namespace {

constexpr std::string_view kInParts =
    "a message is being sent in parts: wait for ReadyToSend, then send again";

}  // namespace

void Outgoing::share(SharedFrames::Part part) {
  Rare& its = rare();
  if (!its.shared.empty()) its.ownSize += its.shared.back().behind.size();
  its.sharedSize += part.size;
  its.shared.push_back({std::move(part), ByteQueue()});
}

std::array<Bytes, 2> Outgoing::front() const {
  std::array<Bytes, 2> pieces;
  auto place = pieces.begin();
  const auto add = [&](Bytes bytes) {
    if (!bytes.empty() && place != pieces.end()) *place++ = bytes;
  };
  add(queue_.bytes());
  if (!sharesFrames()) return pieces;
  for (auto next = rare_->shared.begin(); next != rare_->shared.end(); ++next) {
    if (place == pieces.end()) break;
    add(next->rest());
    add(next->behind.bytes());
  }
  return pieces;
}

void Outgoing::consume(std::size_t count) {
  for (;;) {
    const std::size_t own = std::min(count, queue_.size());
    queue_.consume(own);
    count -= own;
    if (!queue_.empty() || !sharesFrames()) return;
    Shared& first = rare_->shared.front();
    const std::size_t taken = std::min(count, first.part.size);
    first.part.offset += taken;
    first.part.size -= taken;
    rare_->sharedSize -= taken;
    count -= taken;
    if (first.part.size > 0) return;
    if (rare_->shared.size() > 1) rare_->ownSize -= first.behind.size();
    queue_.swap(first.behind);
    rare_->shared.erase(rare_->shared.begin());
  }
}

void Outgoing::clear() {
  queue_.clear();
  if (!rare_) return;
  rare_->shared.clear();
  rare_->sharedSize = 0;
  rare_->ownSize = 0;
}

void Outgoing::release() {
  if (!sharesFrames()) return rare_.reset();
  auto kept = std::make_unique<Rare>();
  kept->shared.swap(rare_->shared);
  kept->sharedSize = rare_->sharedSize;
  kept->ownSize = rare_->ownSize;
  rare_ = std::move(kept);
}

void Outgoing::enqueue(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload, std::size_t most) {
  // RFC 6455 §5.5: control frames must not be fragmented.
  while (payload.size() > most && !ws::isControl(opcode)) {
    ws::appendFrame(back(), opcode, false, rsv1, payload.first(most));
    payload = payload.subspan(most);
    opcode = ws::Opcode::kContinuation;
    // RFC 7692 §6.1: only the first frame of a message says that it is compressed.
    rsv1 = false;
  }
  ws::appendFrame(back(), opcode, fin, rsv1, payload);
}

bool Outgoing::setBlocked(bool blocked) {
  blocked_ = blocked;
  const bool owes = !blocked && rare_ && rare_->owesPong;
  if (!owes) return false;
  rare_->owesPong = false;
  enqueueControl(ws::Opcode::kPong, bytesOf(rare_->pong));
  return true;
}

bool Outgoing::pong(Bytes payload) {
  if (blocked_) {
    rare().pong.assign(textOf(payload));
    rare_->owesPong = true;
    return false;
  }
  enqueueControl(ws::Opcode::kPong, payload);
  return true;
}

void Outgoing::agreeOnCompression(unsigned bits, std::unique_ptr<ws::Deflater> own) {
  deflateBits_ = static_cast<std::uint8_t>(bits & 0xF);
  if (own) rare().deflater = std::move(own);
}

bool Outgoing::compress(ws::Opcode opcode, Bytes payload, const Options& options,
                        SharedStreams& streams, ByteQueue& out) {
  if (!compresses(opcode, payload.size(), options)) return false;
  const bool own = rare_ && rare_->deflater != nullptr;
  ws::Deflater& deflater = own ? *rare_->deflater : streams.deflater(options, deflateBits_);
  // With context takeover later messages refer to this one: it must be sent as it is now.
  return deflater.compress(payload, out).ok() && (own || out.size() < payload.size());
}

Result<void> Outgoing::mayBegin(ws::Opcode opcode) const {
  if (inParts() && !ws::isControl(opcode)) return makeError(ErrorCode::kWouldBlock, kInParts);
  return {};
}

Result<Parts> Outgoing::part(ws::Opcode opcode, Bytes payload, bool last, bool full) const {
  const bool begins = opcode == ws::Opcode::kText || opcode == ws::Opcode::kBinary;
  if (begins && inParts()) return makeError(ErrorCode::kWouldBlock, kInParts);
  if (begins && messageLength() > 0) {
    return makeError(ErrorCode::kAlreadyInProgress,
                     "the message of MessageLength bytes has not been sent to its end");
  }
  if (!begins && (opcode != ws::Opcode::kContinuation || !inParts())) {
    return makeError(ErrorCode::kInvalidArgument,
                     "a message begins as text or binary, and goes on as continuation");
  }
  // A message may always be ended.
  const bool justEnds = last && payload.empty();
  if (full && !justEnds) {
    return makeError(ErrorCode::kWouldBlock, "wait until the part before has been taken");
  }
  Parts parts = partsFor(opcode);
  if (!parts.add(payload, last)) return makeError(ErrorCode::kInvalidArgument, kNotUtf8);
  return parts;
}

void Outgoing::setParts(std::optional<Parts> parts) {
  if (parts || rare_) rare().parts = parts;
  if (!parts) goOn();
}

Result<void> Outgoing::setMessageLength(int bytes) {
  if (hasBegun()) {
    return makeError(ErrorCode::kAlreadyInProgress, "a message is open: send the rest of it first");
  }
  if (bytes != messageLength()) rare().messageLength = bytes;
  return {};
}

std::optional<Outgoing::Cut> Outgoing::cut(ws::Opcode opcode, Bytes payload) const {
  const auto missing = static_cast<std::size_t>(messageLength());
  const Bytes part = payload.first(std::min(missing, payload.size()));
  const Bytes rest = payload.subspan(part.size());
  Cut cut{part, rest, !hasBegun(), part.size() == missing, partsFor(opcode)};
  if (!cut.parts.add(part, cut.ends) || !Parts::of(opcode).add(rest, true)) return std::nullopt;
  return cut;
}

void Outgoing::advance(const Cut& cut) {
  rare().parts = cut.ends ? std::nullopt : std::optional(cut.parts);
  rare_->messageLength -= static_cast<int>(cut.part.size());
  if (cut.ends) goOn();
}

void Outgoing::goOn() {
  if (!rare_ || rare_->heldBack.empty()) return;
  back().append(rare_->heldBack.bytes());
  rare_->heldBack.clear();
}

Outgoing::Rare& Outgoing::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

}  // namespace wss::server
