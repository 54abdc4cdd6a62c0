// SPDX-License-Identifier: MIT
// Bytes, taken as a payload, must inflate to the same under any limit that they fit and must never
// pass one that they do not; taken as a message, they must come back. The first byte says with what
// settings, the next two are the limit.
#include <cstdlib>
#include <string>

#include "../native/support/reference.h"
#include "ws/deflate.h"

namespace wss::ws {
namespace {

constexpr std::size_t kAmple = 1 << 20;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  InflateStatus status;
  std::string message;
};

Outcome inflate(Inflater& inflater, Bytes payload, std::size_t limit) {
  test::ExactBuffer exact(payload);
  ByteQueue out;
  const InflateStatus status = inflater.inflate(exact.bytes(), out, limit);
  require(status != InflateStatus::kNoMemory);
  require(out.size() <= limit);
  require(status == InflateStatus::kDone || out.empty());
  return {status, std::string(textOf(out.bytes()))};
}

void comparePayload(Bytes payload, std::size_t limit) {
  Inflater inflater(15, false);
  const Outcome ample = inflate(inflater, payload, kAmple);
  const Outcome limited = inflate(inflater, payload, limit);
  if (limited.status == InflateStatus::kDone) require(limited.message == ample.message);
  if (limited.status == InflateStatus::kCorrupt) require(ample.status != InflateStatus::kDone);
  if (limited.status == InflateStatus::kTooBig && ample.status == InflateStatus::kDone) {
    require(ample.message.size() > limit);
  }
  // Neither what was inflated nor what went wrong is of consequence for the next.
  require(inflate(inflater, test::unhex("f248cdc9c90700"), 5).message == "Hello");
}

void bringBack(Bytes message, const DeflateSettings& settings) {
  Deflater deflater(settings);
  Inflater inflater(settings.windowBits, settings.contextTakeover);
  for (int i = 0; i < 3; ++i) {
    ByteQueue payload;
    test::ExactBuffer exact(message);
    require(deflater.compress(exact.bytes(), payload).ok());
    const Outcome outcome = inflate(inflater, payload.bytes(), message.size());
    require(outcome.status == InflateStatus::kDone);
    require(outcome.message == textOf(message));
  }
}

}  // namespace
}  // namespace wss::ws

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const wss::ws::DeflateSettings settings = {.level = data[0] % 10,
                                             .windowBits = 9 + (data[0] >> 4) % 7,
                                             .memLevel = 1 + data[0] % 9,
                                             .contextTakeover = (data[0] & 0x80) != 0};
  const std::size_t limit = static_cast<std::size_t>(data[1]) << 8 | data[2];
  const wss::Bytes bytes(data + 3, size - 3);
  wss::ws::comparePayload(bytes, limit);
  wss::ws::bringBack(bytes, settings);
  return 0;
}
