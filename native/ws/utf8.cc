// SPDX-License-Identifier: MIT
#include "ws/utf8.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wss::ws {
namespace {

// The syntax of RFC 3629 §4 as a machine. A state is the number of bits by which a row of
// kTransitions must be shifted to bring the next state into its low six bits, so that a byte costs
// one load and one shift, whatever the text.
enum State : std::uint8_t {
  kBoundary = 0,  ///< between two characters
  kInvalid = 6,   ///< for good
  kOneMore = 12,  ///< any continuation bytes
  kTwoMore = 18,
  kThreeMore = 24,
  kAfterE0 = 30,  ///< below A0 it would be overlong
  kAfterED = 36,  ///< from A0 on it would be a surrogate
  kAfterF0 = 42,  ///< below 90 it would be overlong
  kAfterF4 = 48,  ///< from 90 on it would be above U+10FFFF
};

constexpr State kStates[] = {kBoundary, kInvalid, kOneMore, kTwoMore, kThreeMore,
                             kAfterE0,  kAfterED, kAfterF0, kAfterF4};

constexpr std::uint64_t kStateMask = 63;

consteval State stateAfterLead(unsigned byte) {
  if (byte <= 0x7F) return kBoundary;
  if (byte >= 0xC2 && byte <= 0xDF) return kOneMore;
  if (byte == 0xE0) return kAfterE0;
  if (byte == 0xED) return kAfterED;
  if (byte >= 0xE1 && byte <= 0xEF) return kTwoMore;
  if (byte == 0xF0) return kAfterF0;
  if (byte >= 0xF1 && byte <= 0xF3) return kThreeMore;
  if (byte == 0xF4) return kAfterF4;
  return kInvalid;
}

consteval State stateAfter(State state, unsigned byte) {
  const auto expect = [byte](unsigned low, unsigned high, State next) {
    return byte >= low && byte <= high ? next : kInvalid;
  };
  switch (state) {
    case kBoundary:
      return stateAfterLead(byte);
    case kInvalid:
      return kInvalid;
    case kOneMore:
      return expect(0x80, 0xBF, kBoundary);
    case kTwoMore:
      return expect(0x80, 0xBF, kOneMore);
    case kThreeMore:
      return expect(0x80, 0xBF, kTwoMore);
    case kAfterE0:
      return expect(0xA0, 0xBF, kOneMore);
    case kAfterED:
      return expect(0x80, 0x9F, kOneMore);
    case kAfterF0:
      return expect(0x90, 0xBF, kTwoMore);
    case kAfterF4:
      return expect(0x80, 0x8F, kTwoMore);
  }
  return kInvalid;
}

constexpr std::array<std::uint64_t, 256> kTransitions = []() consteval {
  std::array<std::uint64_t, 256> rows = {};
  for (unsigned byte = 0; byte < rows.size(); ++byte) {
    for (const State state : kStates) {
      rows[byte] |= std::uint64_t{stateAfter(state, byte)} << state;
    }
  }
  return rows;
}();

/// Whether `size` bytes, a multiple of eight, are below 0x80.
bool isAscii(const std::uint8_t* place, std::size_t size) {
  std::uint64_t all = 0;
  for (std::size_t at = 0; at < size; at += sizeof all) {
    std::uint64_t word = 0;
    std::memcpy(&word, place + at, sizeof word);
    all |= word;
  }
  return (all & 0x8080'8080'8080'8080) == 0;
}

/// The first place from which the eight bytes up to `end`, or all that are left, are not ASCII.
std::size_t skipAscii(Bytes piece, std::size_t at) {
  const std::uint8_t* bytes = piece.data();
  const std::size_t size = piece.size();
  while (size - at >= 32 && isAscii(bytes + at, 32)) at += 32;
  while (size - at >= 8 && isAscii(bytes + at, 8)) at += 8;
  // A rest of less than a word is looked at together with bytes before it.
  const bool shortRest = size - at < 8 && size >= 8;
  return shortRest && isAscii(bytes + size - 8, 8) ? size : at;
}

}  // namespace

bool Utf8::feed(Bytes piece) {
  // How far the machine runs before ASCII is looked for again.
  constexpr std::size_t kRun = 32;

  std::uint64_t state = state_;
  std::size_t at = 0;
  while (at < piece.size()) {
    if (state == kBoundary) at = skipAscii(piece, at);
    const std::size_t end = std::min(piece.size(), at + kRun);
    std::uint8_t seen = 0;
    for (; at < end; ++at) {
      seen |= piece[at];
      state = kTransitions[piece[at]] >> (state & kStateMask);
    }
    state &= kStateMask;
    if (state == kInvalid) return false;
    ascii_ = ascii_ && seen < 0x80;
  }
  state_ = static_cast<std::uint8_t>(state);
  return true;
}

std::size_t validPrefix(Bytes text) {
  std::uint64_t state = kBoundary;
  std::size_t whole = 0;
  for (std::size_t at = 0; at < text.size() && state != kInvalid; ++at) {
    state = kTransitions[text[at]] >> state & kStateMask;
    if (state == kBoundary) whole = at + 1;
  }
  return whole;
}

std::size_t incompleteTail(Bytes text) {
  std::size_t tail = 0;
  while (tail < std::min<std::size_t>(text.size(), 3)) {
    const std::uint8_t byte = text[text.size() - ++tail];
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;
    const std::size_t length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return tail < length ? tail : 0;
  }
  return 0;
}

}  // namespace wss::ws
