// SPDX-License-Identifier: MIT
// What goes out to a peer, as frames: those that wait in a queue, a run of finished ones that is
// still where JavaScript has written it, a message in parts, compression. It knows no socket and no
// TLS: whoever owns it takes the queue and the run, and says when they are stuck.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "server/settings/options.h"
#include "server/shared/compression.h"
#include "server/shared/shared_frames.h"
#include "server/streams/parts.h"
#include "ws/deflate.h"
#include "ws/frame.h"
#include "ws/writer.h"

namespace wss::server {

class Outgoing {
 public:
  // The queue, and the run behind it.
  /// Frames in the order in which they are to be sent.
  [[nodiscard]] ByteQueue& queue() { return queue_; }
  [[nodiscard]] const ByteQueue& queue() const { return queue_; }
  /// Bytes in the queue and in the run, and those that are shared or held back.
  [[nodiscard]] std::size_t size() const {
    return waiting() + runSize_ + (rare_ ? rare_->heldBack.size() : 0);
  }

  // Frames that other connections have as well, behind the queue. What is added later lies behind
  // them, in back().
  [[nodiscard]] bool sharesFrames() const { return rare_ && !rare_->shared.empty(); }
  /// Bytes of them.
  [[nodiscard]] std::size_t sharedSize() const { return rare_ ? rare_->sharedSize : 0; }
  /// The end of what is to be sent.
  ByteQueue& back() { return sharesFrames() ? rare_->shared.back().behind : queue_; }
  /// Adds a part of shared frames. REQUIRES part.frame.
  void share(SharedFrames::Part part);
  /// Bytes in the queue, in what is shared, and behind that.
  [[nodiscard]] std::size_t waiting() const {
    return queue_.size() + (sharesFrames() ? rare_->behindQueue() : 0);
  }
  /// What goes out first of them, and what follows; both are empty if nothing waits.
  [[nodiscard]] std::array<Bytes, 2> front() const;
  /// Drops the first `count` of them. REQUIRES count <= waiting().
  void consume(std::size_t count);
  /// Drops all of them.
  void clear();

  /// Adds a run of finished frames, at `offset` in memory that stays until takeRun(). At most one
  /// run waits; a second one that does not follow the first makes it a copy in the queue.
  void cork(Bytes arena, std::uint32_t offset, std::uint32_t size) {
    if (runSize_ > 0 && runOffset_ + runSize_ == offset) {
      runSize_ += size;
      return;
    }
    if (runSize_ > 0) back().append(takeRun(arena));
    runOffset_ = offset;
    runSize_ = size;
  }
  /// Whether a run at `offset` follows the one that waits, if there is one.
  [[nodiscard]] bool follows(std::uint32_t offset) const {
    return runSize_ == 0 || runOffset_ + runSize_ == offset;
  }
  /// Takes the run off: it goes behind what is in the queue. `arena` may be empty if there is none.
  Bytes takeRun(Bytes arena) {
    return arena.subspan(std::exchange(runOffset_, 0), std::exchange(runSize_, 0));
  }

  /// Adds finished frames to the queue, behind what is corked of `arena`.
  void append(Bytes frames, Bytes arena) {
    back().append(takeRun(arena));
    back().append(frames);
  }
  /// While a message is open: adds finished frames of others behind its end (RFC 6455 §5.4).
  void holdBack(Bytes frames) { rare().heldBack.append(frames); }

  /// Puts a message, or a part of one, into the queue, in frames of `most` bytes of payload.
  void enqueue(ws::Opcode opcode, bool fin, bool rsv1, Bytes payload, std::size_t most);
  /// Puts a control frame into the queue.
  void enqueueControl(ws::Opcode opcode, Bytes payload) {
    ws::appendFrame(back(), opcode, true, false, payload);
  }

  // Whether the kernel takes what is there.
  [[nodiscard]] bool isBlocked() const { return blocked_; }
  /// The kernel has refused bytes, or has taken all. True when the Pong that is owed is in the
  /// queue now.
  bool setBlocked(bool blocked);
  /// Answers a Ping. True when the Pong is in the queue; while that is blocked, the Pong waits, and
  /// only the latest (RFC 6455 §5.5.3): the queue must not grow by Pongs.
  bool pong(Bytes payload);

  // Compression.
  /// Messages are compressed with a window of `bits`, in 9…15; in a stream of its own if there is
  /// context takeover.
  void agreeOnCompression(unsigned bits, std::unique_ptr<ws::Deflater> own);
  [[nodiscard]] bool mayCompress() const { return deflateBits_ != 0; }
  /// The window of messages that are compressed as those of others are; 0 if it is in a stream of
  /// its own, or there is no compression.
  [[nodiscard]] unsigned sharedWindow() const {
    return rare_ && rare_->deflater ? 0U : deflateBits_;
  }
  /// Whether a message of `size` bytes is worth compressing.
  [[nodiscard]] bool compresses(ws::Opcode opcode, std::size_t size, const Options& options) const {
    const std::size_t limit = options.compressionLimit == 0
                                  ? SIZE_MAX
                                  : static_cast<std::size_t>(options.compressionLimit);
    return deflateBits_ != 0 && !ws::isControl(opcode) && size <= limit &&
           size >= static_cast<std::size_t>(options.compressionThreshold);
  }
  /// The compressed form of `payload`, in `out`, if that is what is to be sent.
  bool compress(ws::Opcode opcode, Bytes payload, const Options& options, SharedStreams& streams,
                ByteQueue& out);

  // A message in parts.
  /// Whether a message has been begun and not ended, in one of the two ways.
  [[nodiscard]] bool hasBegun() const { return rare_ && rare_->parts; }
  /// Whether one of part() is open.
  [[nodiscard]] bool inParts() const { return hasBegun() && messageLength() == 0; }
  /// RFC 6455 §5.4: only control frames may come between the fragments of a message. Fails with
  /// 10035.
  [[nodiscard]] Result<void> mayBegin(ws::Opcode opcode) const;
  /// Text or binary begins a message, continuation goes on with it, `last` ends it: what is common
  /// to its parts from then on, for setParts(). Fails with 10035 when another message is open, or
  /// the queue is `full` and this does not just end one, and with 10022 when there is none to go on
  /// with, or its text is not UTF-8.
  [[nodiscard]] Result<Parts> part(ws::Opcode opcode, Bytes payload, bool last, bool full) const;
  /// None: no message is open.
  void setParts(std::optional<Parts> parts);

  /// Bytes yet to be sent of a message of that length. 0: each message comes whole.
  [[nodiscard]] int messageLength() const { return rare_ ? rare_->messageLength : 0; }
  /// Fails with 10037 while a message is open.
  Result<void> setMessageLength(int bytes);
  /// What a payload has of the message of messageLength() bytes, which is not 0, and what it has
  /// beyond.
  struct Cut {
    Bytes part;
    Bytes rest;
    bool begins;
    bool ends;
    Parts parts;
  };
  /// None when a text is not UTF-8.
  [[nodiscard]] std::optional<Cut> cut(ws::Opcode opcode, Bytes payload) const;
  /// The part of `cut` has been sent.
  void advance(const Cut& cut);

  /// Frees all but what waits: no more messages will be sent.
  void release();

 private:
  struct Shared {
    SharedFrames::Part part;  ///< what is left of it
    ByteQueue behind;         ///< of this connection alone

    [[nodiscard]] Bytes rest() const { return part.frame->bytes().subspan(part.offset, part.size); }
  };

  /// What few connections need.
  struct Rare {
    std::optional<Parts> parts;  ///< of the message that has been begun and not ended
    int messageLength = 0;       ///< what is left of it; 0: part() has begun it
    bool owesPong = false;
    std::string pong;  ///< the latest Ping's payload, unanswered because the queue is blocked
    std::unique_ptr<ws::Deflater> deflater;
    ByteQueue heldBack;  ///< what goes out behind the message that is open
    std::vector<Shared> shared;
    std::size_t sharedSize = 0;  ///< bytes of their parts
    std::size_t ownSize = 0;     ///< bytes behind all of them but the last

    [[nodiscard]] std::size_t behindQueue() const {
      return sharedSize + ownSize + shared.back().behind.size();
    }
  };

  Rare& rare();
  /// The message that was open has been ended: what was held back goes on.
  void goOn();
  /// What the part of a message is added to.
  [[nodiscard]] Parts partsFor(ws::Opcode opcode) const {
    const Parts none = Parts::of(opcode);
    return rare_ ? rare_->parts.value_or(none) : none;
  }

  ByteQueue queue_;
  std::unique_ptr<Rare> rare_;
  std::uint32_t runOffset_ = 0;
  std::uint32_t runSize_ = 0;
  std::uint8_t deflateBits_ : 4 = 0;  ///< window agreed on; 0: no compression
  bool blocked_ : 1 = false;          ///< the kernel has refused bytes
};

}  // namespace wss::server
