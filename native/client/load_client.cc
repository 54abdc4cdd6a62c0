// SPDX-License-Identifier: MIT
#include "client/load_client.h"

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
/// Without a rate: handshakes at a time, fewer than any server's backlog.
constexpr std::uint32_t kConnectsAtATime = 100;
/// Pause before a server that has refused is asked again.
constexpr std::uint64_t kPauseNs = 10 * kNsPerMs;

std::uint64_t clockNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace

Result<std::unique_ptr<LoadClient>> LoadClient::create(Plan plan) {
  std::unique_ptr<LoadClient> client(new LoadClient(std::move(plan)));
  auto loop = net::Loop::create();
  if (!loop.ok()) return loop.error();
  client->loop_ = std::move(loop.value());
  if (auto& options = client->plan_.tls) {
    auto context = tls::ClientContext::create(std::move(*options));
    if (!context.ok()) return context.error();
    client->tls_ = std::move(context.value());
  }
  return client;
}

LoadClient::LoadClient(Plan plan)
    : plan_(std::move(plan)),
      started_(plan_.mode == Mode::kChurn),
      random_(clockNs() ^ (std::uint64_t{plan_.firstId} << 32) ^ 1),
      content_(plan_.messages, plan_.stamped) {
  for (std::uint32_t index = 0; index < plan_.connections; ++index) {
    connections_.emplace_back(*this, index);
    waiting_.push_back(plan_.connections - 1 - index);
  }
}

LoadClient::~LoadClient() {
  stopped_ = true;
  for (LoadConnection& connection : connections_) connection.abort();
  while (sockets_ > 0) loop_->run(0);
}

void LoadClient::run(unsigned durationMs) {
  updateTime();
  if (beganNs_ == 0) beganNs_ = nowNs_;
  const std::uint64_t endNs = nowNs_ + durationMs * kNsPerMs;
  const bool wasConnecting = isConnecting();
  while (nowNs_ < endNs && !isDone() && wasConnecting == isConnecting()) {
    connectDue();
    sendDue();
    expireDue();
    loop_->run(idleMs(endNs));
    updateTime();
  }
}

bool LoadClient::isConnecting() const {
  if (stopped_) return false;
  if (plan_.mode == Mode::kChurn) return counters_.attempts < plan_.connections;
  return !waiting_.empty() || connecting_ > 0;
}

void LoadClient::start() {
  if (std::exchange(started_, true)) return;
  updateTime();
  scheduleNs_ = nowNs_;
  for (LoadConnection& connection : connections_) {
    if (connection.isOpen()) connection.startSending();
  }
}

void LoadClient::restartMeasuring() { latencies_.clear(); }

void LoadClient::stop() {
  if (std::exchange(stopped_, true)) return;
  updateTime();
  for (LoadConnection& connection : connections_) {
    if (connection.isOpen()) {
      connection.close();
    } else if (connection.isConnecting()) {
      connection.abort();
    }
  }
}

void LoadClient::updateTime() { nowNs_ = clockNs(); }

std::uint64_t LoadClient::intendedNs(std::uint32_t index, std::uint64_t number) const {
  const auto before = static_cast<double>(number * plan_.connections + index);
  return scheduleNs_ + static_cast<std::uint64_t>(before / plan_.messagesPerSecond * kNsPerSecond);
}

ws::MaskKey LoadClient::makeMaskKey() {
  const auto bits = static_cast<std::uint32_t>(random() >> 32);
  ws::MaskKey key;
  std::memcpy(key.bytes, &bits, sizeof key.bytes);
  return key;
}

std::string LoadClient::makeHandshakeKey() {
  const std::array<std::uint64_t, 2> nonce = {random(), random()};
  std::array<std::uint8_t, sizeof nonce> bytes;
  std::memcpy(bytes.data(), nonce.data(), bytes.size());
  return base64Encode(bytes);
}

void LoadClient::addDeadline(std::uint32_t index, std::uint32_t deadline) {
  deadlines_.push_back({nowNs_ + plan_.timeoutMs * kNsPerMs, index, deadline});
}

MutableBytes LoadClient::plainBuffer() {
  constexpr std::size_t kSize = net::Loop::kReceiveSize + tls::ClientSession::kHeldRecord;
  if (plainBuffer_ == nullptr) {
    plainBuffer_ = std::make_unique<std::uint8_t[]>(net::Loop::kHeadroom + kSize);
  }
  return {plainBuffer_.get() + net::Loop::kHeadroom, kSize};
}

void LoadClient::countHandshake(const tls::ClientSession& session) {
  ++counters_.handshakes;
  if (session.isResumed()) ++counters_.resumed;
  if (negotiated_.empty()) negotiated_ = session.negotiated();
}

void LoadClient::countConnect(std::uint64_t startedNs) {
  --connecting_;
  ++counters_.connects;
  ++counters_.open;
  connectTimes_.record(nowNs_ - startedNs);
}

void LoadClient::countSent(std::uint64_t size) {
  ++counters_.sent;
  counters_.bytesSent += size;
}

void LoadClient::countReceived(std::uint64_t size) {
  ++counters_.received;
  counters_.bytesReceived += size;
}

void LoadClient::countLatency(std::uint64_t sinceNs) {
  latencies_.record(nowNs_ - std::min(sinceNs, nowNs_));
}

void LoadClient::countFailure(Failure failure, int detail) {
  failures_.add(failure, detail);
  if (failure != Failure::kMismatch) pausedUntilNs_ = nowNs_ + kPauseNs;
}

void LoadClient::onGone(LoadConnection& connection) {
  --sockets_;
  if (plan_.mode == Mode::kChurn) waiting_.push_back(connection.index());
}

void LoadClient::connectDue() {
  while (mayConnect()) {
    LoadConnection& connection = connections_[waiting_.back()];
    waiting_.pop_back();
    ++counters_.attempts;
    if (connection.connect()) {
      ++connecting_;
      ++sockets_;
    } else if (plan_.mode == Mode::kChurn) {
      waiting_.push_back(connection.index());
    }
  }
}

bool LoadClient::mayConnect() const {
  if (stopped_ || waiting_.empty() || nextConnectNs() > nowNs_) return false;
  return plan_.connectsPerSecond > 0 || connecting_ < kConnectsAtATime;
}

std::uint64_t LoadClient::nextConnectNs() const {
  const std::uint64_t paused = plan_.mode == Mode::kChurn ? pausedUntilNs_ : 0;
  if (plan_.connectsPerSecond <= 0) return paused;
  const double seconds = static_cast<double>(counters_.attempts) / plan_.connectsPerSecond;
  return std::max(paused, beganNs_ + static_cast<std::uint64_t>(seconds * kNsPerSecond));
}

void LoadClient::sendDue() {
  if (!isOpenLoop() || !sendsOnOpen()) return;
  for (;; ++scheduled_) {
    const auto index = static_cast<std::uint32_t>(scheduled_ % plan_.connections);
    if (intendedNs(index, scheduled_ / plan_.connections) > nowNs_) return;
    LoadConnection& connection = connections_[index];
    if (connection.isOpen()) connection.sendDue();
  }
}

void LoadClient::expireDue() {
  while (!deadlines_.empty()) {
    const Deadline first = deadlines_.front();
    LoadConnection& connection = connections_[first.index];
    const bool counts = connection.deadline() == first.deadline;
    if (counts && first.dueNs > nowNs_) return;
    deadlines_.pop_front();
    if (counts) connection.onDeadline();
  }
}

int LoadClient::idleMs(std::uint64_t endNs) const {
  std::uint64_t next = endNs;
  if (!deadlines_.empty()) next = std::min(next, deadlines_.front().dueNs);
  if (!stopped_ && !waiting_.empty()) {
    const std::uint64_t connectNs = nextConnectNs();
    // If only the number of open handshakes holds the others back, the end of one wakes the loop.
    if (connectNs > nowNs_) next = std::min(next, connectNs);
  }
  if (isOpenLoop() && sendsOnOpen()) {
    const auto index = static_cast<std::uint32_t>(scheduled_ % plan_.connections);
    next = std::min(next, intendedNs(index, scheduled_ / plan_.connections));
  }
  // Less than a millisecond is not slept: a message sent late would be measured as slow.
  return next > nowNs_ ? static_cast<int>((next - nowNs_) / kNsPerMs) : 0;
}

// xorshift64* (Marsaglia, Vigna).
std::uint64_t LoadClient::random() {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return random_ * 0x2545F4914F6CDD1D;
}

}  // namespace wss::client
