// SPDX-License-Identifier: MIT
// What is published, one message after the other, until it is known that something else comes: for
// whom it is has to be found out once for all that goes to one topic, and what lies side by side
// is put into their queues together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "server/settings/options.h"
#include "server/shared/shared.h"
#include "ws/frame.h"

namespace wss::server {

class Publications {
 public:
  /// A message, and what has been made of it.
  struct Message {
    ws::Opcode opcode;
    bool mayCompress;
    std::int32_t token;      ///< of the promise of how many get it; 0: of nobody
    std::int32_t count = 0;  ///< how many it has been put on the way to
    std::uint32_t offset;    ///< of its frame in the arena
    std::uint32_t size;      ///< of its frame
    std::uint32_t header;    ///< of it, the bytes before the payload
  };

  /// `arena` must outlive it; frame headers are written into it.
  explicit Publications(MutableBytes arena) : arena_(arena) {}

  /// What is added from here on is for those who are subscribed to `topic`, a view that must
  /// outlive it; empty: for all.
  void setTopic(std::string_view topic) { topic_ = topic; }
  [[nodiscard]] std::string_view topic() const { return topic_; }
  /// Whom none of it is for; 0: nobody.
  [[nodiscard]] std::int32_t except() const { return except_; }
  /// Whether it is for those who get envelopes, or else for the others.
  [[nodiscard]] bool isEnveloped() const { return isEnveloped_; }
  void setEnveloped(bool isEnveloped) { isEnveloped_ = isEnveloped; }
  /// Whether a message that is not for `except` may be added to what is there.
  [[nodiscard]] bool goesOn(std::string_view topic, std::int32_t except, bool isEnveloped) const {
    return messages_.empty() ||
           (topic == topic_ && except == except_ && isEnveloped == isEnveloped_);
  }
  /// Adds the message whose payload is at `offset`, with room for its header before it. REQUIRES
  /// goesOn().
  void add(ws::Opcode opcode, bool mayCompress, std::size_t offset, std::size_t size,
           std::int32_t token, std::int32_t except);
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] std::vector<Message>& messages() { return messages_; }
  /// Bytes of payload, of all messages together.
  [[nodiscard]] std::uint64_t payload() const { return payload_; }

  /// Whether the frames lie side by side, from the first one on.
  [[nodiscard]] bool isRun() const { return isRun_; }
  [[nodiscard]] std::uint32_t runOffset() const { return messages_.front().offset; }
  [[nodiscard]] std::uint32_t runSize() const { return runSize_; }

  [[nodiscard]] Bytes arena() const { return arena_; }
  [[nodiscard]] Bytes payloadOf(const Message& message) const {
    return Bytes(arena_).subspan(message.offset + message.header, message.size - message.header);
  }
  /// The frame of a message for those whose window of compression is `window`, which is not 0: made
  /// once for all of them. Valid until clear().
  Bytes compressed(std::size_t message, unsigned window, const Options& options, Shared& shared);
  /// Has queues share what they keep of the frames.
  void shareBy(SharedFrames& frames) const;
  void clear();

 private:
  struct Compressed {
    std::size_t message;
    unsigned window;
    bool worth;       ///< false: it is sent as it is
    ByteQueue frame;  ///< empty if it is one of SharedFrames
    Bytes bytes;      ///< of the frame
  };

  MutableBytes arena_;
  std::string_view topic_;
  std::int32_t except_ = 0;
  std::vector<Message> messages_;
  std::vector<Compressed> compressed_;
  std::uint64_t payload_ = 0;
  std::uint32_t runSize_ = 0;
  bool isRun_ = true;
  bool isEnveloped_ = false;
};

}  // namespace wss::server
