// SPDX-License-Identifier: MIT
#include "server/shared/compression.h"

namespace wss::server {

http::DeflatePolicy deflatePolicy(const Options& options) {
  return {.serverContextTakeover = options.serverContextTakeover,
          .clientContextTakeover = options.clientContextTakeover,
          .serverMaxWindowBits = options.serverMaxWindowBits,
          .clientMaxWindowBits = options.clientMaxWindowBits};
}

ws::DeflateSettings deflateSettings(const Options& options, int windowBits) {
  return {.level = options.compressionLevel,
          .windowBits = windowBits,
          .memLevel = options.compressionMemoryLevel};
}

ws::Deflater& SharedStreams::deflater(const Options& options, int windowBits) {
  Entry& entry = deflaters_[static_cast<std::size_t>(windowBits)];
  const ws::DeflateSettings settings = deflateSettings(options, windowBits);
  if (entry.deflater == nullptr || entry.settings != settings) {
    entry = {settings, std::make_unique<ws::Deflater>(settings)};
  }
  return *entry.deflater;
}

ws::Inflater& SharedStreams::inflater() {
  if (inflater_ == nullptr) inflater_ = std::make_unique<ws::Inflater>(http::kMaxWindowBits, false);
  return *inflater_;
}

}  // namespace wss::server
