// SPDX-License-Identifier: MIT
// What the connections of a server have in common. The server owns it, each connection refers to
// it, and neither need know the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/loop.h"
#include "server/events/event_batch.h"
#include "server/events/last_frame.h"
#include "server/events/log.h"
#include "server/events/statistics.h"
#include "server/settings/options.h"
#include "server/shared/compression.h"
#include "server/shared/connection_id.h"
#include "server/shared/connection_owner.h"
#include "server/shared/holders.h"
#include "server/shared/served_tls.h"
#include "server/shared/shared_frames.h"
#include "server/shared/timers.h"
#include "server/shared/turn_queues.h"

namespace wss::server {

class Connection;

struct Shared {
  /// All of them must outlive it.
  Shared(net::Loop& loopOf, EventBatch& batch, const Options& settings, ConnectionOwner& ownerOf,
         net::TickHandler& ticks, std::span<std::int32_t> words)
      : loop(loopOf),
        events(batch),
        options(settings),
        owner(ownerOf),
        log(batch, settings),
        timers(loopOf, ticks),
        status(words),
        handshakes(loopOf),
        backlogs(loopOf, batch) {}

  net::Loop& loop;
  EventBatch& events;
  const Options& options;
  ConnectionOwner& owner;
  Log log;
  Timers timers;
  StatusWords status;
  Statistics statistics;
  SharedStreams streams;
  SharedFrames frames;
  ServedTls tls;
  HandshakeQueue handshakes;
  BacklogQueue backlogs;
  Holders unfinished;                 ///< those with a message that is not whole yet
  Holders queues;                     ///< those that their peers keep waiting
  std::string envelopeProtocol;       ///< whoever agrees on it gets envelopes; empty: nobody does
  bool handsOver = false;             ///< requests that are no WebSocket upgrades
  std::vector<int> handedOver;        ///< their descriptors, until somebody has taken them
  int connectedCount = 0;             ///< between the 101 answer and Disconnected
  std::vector<Connection*> touched;   ///< to be flushed before the turn is over
  std::vector<std::int32_t> ended;    ///< whose Disconnected is in the batch
  bool closesAsWs = false;            ///< for the face of ws: Connection::leave(), readRequest()
  std::vector<LastFrame> lastFrames;  ///< of those whose last frame has been read

  [[nodiscard]] Tick now() const { return timers.now(); }
  /// More has come of a message that is not whole yet, or it has gone: how much memory it has now.
  void onUnfinished(std::int32_t id, std::size_t bytes) {
    unfinished.progress(id, bytes, now());
    if (bytes > 0) timers.start();
  }
  /// Keeps to MaxUnfinishedBytes. False: it is for `id` to give up its own message.
  bool keepsUnfinished(std::int32_t id) {
    return unfinished.total() <= static_cast<std::size_t>(options.maxUnfinishedBytes) ||
           owner.boundUnfinished(id);
  }
};

}  // namespace wss::server
