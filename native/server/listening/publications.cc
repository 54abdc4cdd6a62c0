// SPDX-License-Identifier: MIT
#include "server/listening/publications.h"

#include <algorithm>
#include <utility>

#include "ws/writer.h"

namespace wss::server {

void Publications::add(ws::Opcode opcode, bool mayCompress, std::size_t offset, std::size_t size,
                       std::int32_t token, std::int32_t except) {
  const std::size_t header = ws::headerSize(size);
  const std::size_t start = offset - header;
  ws::writeHeader(arena_.data() + start, opcode, true, false, size);
  isRun_ = messages_.empty() || (isRun_ && runOffset() + runSize_ == start);
  const auto frame = static_cast<std::uint32_t>(header + size);
  runSize_ = messages_.empty() ? frame : runSize_ + frame;
  except_ = except;
  payload_ += size;
  messages_.push_back({.opcode = opcode,
                       .mayCompress = mayCompress,
                       .token = token,
                       .offset = static_cast<std::uint32_t>(start),
                       .size = frame,
                       .header = static_cast<std::uint32_t>(header)});
}

Bytes Publications::compressed(std::size_t message, unsigned window, const Options& options,
                               Shared& shared) {
  const Message& source = messages_[message];
  auto made = std::ranges::find_if(compressed_, [&](const Compressed& one) {
    return one.message == message && one.window == window;
  });
  if (made == compressed_.end()) {
    Compressed added{
        .message = message, .window = window, .worth = false, .frame = {}, .bytes = {}};
    const Bytes payload = payloadOf(source);
    ByteQueue out;
    added.worth =
        shared.streams.deflater(options, static_cast<int>(window)).compress(payload, out).ok() &&
        out.size() < payload.size();
    if (added.worth) {
      ws::appendFrame(added.frame, source.opcode, true, true, out.bytes());
      added.bytes = Bytes(added.frame.bytes());
      if (SharedFrames::areWorth(added.bytes.size())) shared.frames.add(std::move(added.frame));
    }
    made = compressed_.insert(compressed_.end(), std::move(added));
  }
  if (made->worth) return made->bytes;
  return Bytes(arena_).subspan(source.offset, source.size);
}

void Publications::shareBy(SharedFrames& frames) const {
  const auto add = [&](std::size_t offset, std::size_t size) {
    frames.add(Bytes(arena_).subspan(offset, size));
  };
  if (isRun_) return add(runOffset(), runSize_);
  for (const Message& message : messages_) add(message.offset, message.size);
}

void Publications::clear() {
  messages_.clear();
  compressed_.clear();
  payload_ = 0;
}

}  // namespace wss::server
