// SPDX-License-Identifier: MIT
#include "client/load_run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/digest.h"

namespace wss::client {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::uint64_t kNsPerMs = 1000000;
/// Pause before a server that has refused is asked again.
constexpr std::uint64_t kPauseNs = 10 * kNsPerMs;

std::uint64_t clockNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace

LoadRun::LoadRun(Plan plan)
    : started(plan.mode == Mode::kChurn),
      plan_(std::move(plan)),
      random_(clockNs() ^ (std::uint64_t{plan_.firstId} << 32) ^ 1),
      content_(plan_.messages, plan_.stamped) {}

Result<void> LoadRun::setUp() {
  auto loop = net::Loop::create();
  if (!loop.ok()) return loop.error();
  loop_ = std::move(loop.value());
  if (auto& options = plan_.tls) {
    auto context = tls::ClientContext::create(std::move(*options));
    if (!context.ok()) return context.error();
    tls_ = std::move(context.value());
  }
  return {};
}

void LoadRun::onGone(std::uint32_t index) {
  --sockets;
  if (plan_.mode == Mode::kChurn) waiting.push_back(index);
}

void LoadRun::updateTime() { nowNs_ = clockNs(); }

std::uint64_t LoadRun::intendedNs(std::uint32_t index, std::uint64_t number) const {
  const auto before = static_cast<double>(number * plan_.senders() + index);
  return scheduleNs + static_cast<std::uint64_t>(before / plan_.messagesPerSecond * kNsPerSecond);
}

ws::MaskKey LoadRun::makeMaskKey() {
  const auto bits = static_cast<std::uint32_t>(random() >> 32);
  ws::MaskKey key;
  std::memcpy(key.bytes, &bits, sizeof key.bytes);
  return key;
}

std::string LoadRun::makeHandshakeKey() {
  const std::array<std::uint64_t, 2> nonce = {random(), random()};
  std::array<std::uint8_t, sizeof nonce> bytes;
  std::memcpy(bytes.data(), nonce.data(), bytes.size());
  return base64Encode(bytes);
}

void LoadRun::addDeadline(std::uint32_t index, std::uint32_t deadline) {
  deadlines.push_back({nowNs_ + plan_.timeoutMs * kNsPerMs, index, deadline});
}

MutableBytes LoadRun::plainBuffer() {
  constexpr std::size_t kSize = net::Loop::kReceiveSize + tls::ClientSession::kHeldRecord;
  if (plainBuffer_ == nullptr) {
    plainBuffer_ = std::make_unique<std::uint8_t[]>(net::Loop::kHeadroom + kSize);
  }
  return {plainBuffer_.get() + net::Loop::kHeadroom, kSize};
}

void LoadRun::countHandshake(const tls::ClientSession& session) {
  ++counters.handshakes;
  if (session.isResumed()) ++counters.resumed;
  if (negotiated.empty()) negotiated = session.negotiated();
}

void LoadRun::countConnect(std::uint64_t startedNs) {
  --connecting;
  ++counters.connects;
  ++counters.open;
  connectTimes.record(nowNs_ - startedNs);
}

void LoadRun::countSent(std::uint64_t size) {
  ++counters.sent;
  counters.bytesSent += size;
}

void LoadRun::countReceived(std::uint64_t size) {
  ++counters.received;
  counters.bytesReceived += size;
}

void LoadRun::countLatency(std::uint64_t sinceNs) {
  latencies.record(nowNs_ - std::min(sinceNs, nowNs_));
}

void LoadRun::countBroadcast(std::uint64_t number) {
  const std::uint64_t sentNs = broadcast(number).sentNs;
  countLatency(isOpenLoop() ? intendedNs(0, number) : sentNs);
  --broadcast(number).missing;
  dropDelivered();
}

void LoadRun::endBroadcasts(std::uint64_t received) {
  for (std::uint64_t number = received; number < broadcasts(); ++number)
    --broadcast(number).missing;
  dropDelivered();
}

void LoadRun::dropDelivered() {
  for (; !broadcasts_.empty() && broadcasts_.front().missing == 0; ++delivered_) {
    broadcasts_.pop_front();
  }
}

void LoadRun::countFailure(Failure failure, int detail) {
  failures.add(failure, detail);
  if (failure != Failure::kMismatch) pausedUntilNs = nowNs_ + kPauseNs;
}

// xorshift64* (Marsaglia, Vigna).
std::uint64_t LoadRun::random() {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return random_ * 0x2545F4914F6CDD1D;
}

}  // namespace wss::client
