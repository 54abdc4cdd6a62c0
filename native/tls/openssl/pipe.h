// SPDX-License-Identifier: MIT
// What an SSL reads from and writes to: a view of the received bytes, and the queue of what is to
// be sent. Nothing is copied but by OpenSSL itself.
#pragma once

#include <memory>

#include "base/bytes.h"

struct bio_st;
struct bio_method_st;

namespace wss::tls {

/// Both are set for the length of a call only.
struct Pipe {
  Bytes input;
  ByteQueue* output = nullptr;
};

std::shared_ptr<bio_method_st> makePipeMethod();

/// A BIO over `pipe`, which must outlive it, as must `method`. It is the caller's; null when there
/// is no memory.
bio_st* openPipe(const bio_method_st* method, Pipe& pipe);

}  // namespace wss::tls
