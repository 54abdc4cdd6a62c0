// SPDX-License-Identifier: MIT
// permessage-deflate for the connections of one server (RFC 7692). Those that have agreed on no
// context takeover, which is what the server asks for, share what is here, so that a connection
// holds no memory for it; the others have streams of their own.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "http/deflate_offer.h"
#include "server/settings/options.h"
#include "ws/deflate.h"
#include "ws/frame.h"
#include "ws/utf8.h"

namespace wss::server {

/// What the settings have the server agree to.
http::DeflatePolicy deflatePolicy(const Options& options);

/// The settings for messages to a connection that has agreed on `windowBits`.
ws::DeflateSettings deflateSettings(const Options& options, int windowBits);

/// The streams that all connections without context takeover share.
class SharedStreams {
 public:
  /// For messages to a connection that has agreed on `windowBits`, in 9…15.
  ws::Deflater& deflater(const Options& options, int windowBits);
  /// For messages from any connection: one made for the largest window reads those of all others.
  ws::Inflater& inflater();
  /// The same, in the middle of a message, for the one connection that goes on with it.
  [[nodiscard]] std::unique_ptr<ws::Inflater> takeInflater() { return std::move(inflater_); }
  /// REQUIRES that its message has come to an end.
  void giveBack(std::unique_ptr<ws::Inflater> inflater) { inflater_ = std::move(inflater); }

 private:
  struct Entry {
    ws::DeflateSettings settings;
    std::unique_ptr<ws::Deflater> deflater;
  };

  std::array<Entry, http::kMaxWindowBits + 1> deflaters_;
  std::unique_ptr<ws::Inflater> inflater_;
};

/// A compressed message that takes several turns to inflate.
struct Inflation {
  ws::Opcode opcode;
  ws::Utf8 text;         ///< the state of a text between two portions
  ByteQueue compressed;  ///< what is left of it
  /// The shared one, which is in the middle of this message; null: the connection's own is.
  std::unique_ptr<ws::Inflater> inflater;
};

}  // namespace wss::server
