// SPDX-License-Identifier: MIT
// Messages in line mode.
#include <algorithm>
#include <string_view>
#include <utility>

#include "server/streams/incoming.h"

namespace wss::server {
namespace {

/// Lines that are delivered of a message before the others have their turn.
constexpr int kLinesAtOnce = 4096;

}  // namespace

bool Incoming::readLines(ws::Piece& piece, const Target& target) {
  const Accounted accounted(target, message_);
  const std::size_t kept = message_.size();
  if (!reader_.take(piece, message_.extend(piece.payload.size()))) {
    // The lines before the broken character.
    const std::size_t size = ws::validPrefix(message_.bytes());
    message_.shrink(message_.size() - size);
    deliverLines(std::min(kept, size), true, false, target);
    if (!rare_) return false;
    std::optional<Lines>& waiting = rare_->lines;
    if (!waiting) return false;
    waiting->last = LastFrame::of(target.id, piece);
    piece.ends = false;
    return true;
  }
  deliverLines(kept, piece.opcode == ws::Opcode::kText, piece.ends, target);
  return true;
}

void Incoming::deliverLines(std::size_t scanned, bool text, bool ends, const Target& target) {
  const auto limit = static_cast<std::size_t>(maxLineLength());
  std::string_view rest = textOf(std::as_const(message_).bytes());
  int lines = 0;
  // `size` bytes are delivered, `used` are done with.
  const auto add = [&](std::size_t size, std::size_t used, std::int32_t flags) {
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(used);
    if (ends && rest.empty()) flags |= kEndOfMessage;
    if (!text) flags |= kIsBinary;
    target.shared.events.addText(EventRecord::dataIn(target.id, flags, 0), line);
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
    rare().lines = Lines{text, ends, std::nullopt};
    fallBehind();
  } else if (ends && !rest.empty()) {
    add(rest.size(), rest.size(), 0);
  }
  message_.consume(message_.size() - rest.size());
}

std::optional<LastFrame> Incoming::deliverMoreLines(const Target& target) {
  std::optional<Lines>& waiting = rare_->lines;
  if (!waiting) return std::nullopt;
  const Accounted accounted(target, message_);
  const Lines lines = std::move(*waiting);
  waiting.reset();
  deliverLines(0, lines.text, lines.ends, target);
  if (!waiting) return lines.last;
  waiting->last = lines.last;
  return std::nullopt;
}

Result<void> Incoming::setMaxLineLength(int bytes) {
  const bool inLine = lineMode_ && !collects_ && !message_.empty();
  if (inLine) {
    return makeError(ErrorCode::kMaxLineLengthWhileConnected,
                     "a part of a line has come: wait for its end, or call ChangeLineMode first");
  }
  rare().maxLineLength = bytes;
  return {};
}

}  // namespace wss::server
