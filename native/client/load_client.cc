// SPDX-License-Identifier: MIT
#include "client/load_client.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace wss::client {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::uint64_t kNsPerMs = 1000000;
/// Without a rate: handshakes at a time, fewer than any server's backlog.
constexpr std::uint32_t kConnectsAtATime = 100;

}  // namespace

Result<std::unique_ptr<LoadClient>> LoadClient::create(Plan plan) {
  std::unique_ptr<LoadClient> client(new LoadClient(std::move(plan)));
  if (auto ready = client->run_.setUp(); !ready.ok()) return ready.error();
  return client;
}

LoadClient::LoadClient(Plan plan) : run_(std::move(plan)) {
  const std::uint32_t count = run_.plan().connections;
  for (std::uint32_t index = 0; index < count; ++index) {
    connections_.emplace_back(run_, index);
    run_.waiting.push_back(count - 1 - index);
  }
}

LoadClient::~LoadClient() {
  run_.stopped = true;
  for (LoadConnection& connection : connections_) connection.abort();
  while (run_.sockets > 0) run_.loop().run(0);
}

void LoadClient::run(unsigned durationMs) {
  run_.updateTime();
  if (beganNs_ == 0) beganNs_ = run_.nowNs();
  const std::uint64_t endNs = run_.nowNs() + durationMs * kNsPerMs;
  const bool wasConnecting = isConnecting();
  while (run_.nowNs() < endNs && !isDone() && wasConnecting == isConnecting()) {
    connectDue();
    sendDue();
    broadcastDue();
    expireDue();
    run_.loop().run(idleMs(endNs));
    run_.updateTime();
  }
}

bool LoadClient::isConnecting() const {
  if (run_.stopped) return false;
  if (run_.plan().mode == Mode::kChurn) return run_.counters.attempts < run_.plan().connections;
  return !run_.waiting.empty() || run_.connecting > 0;
}

void LoadClient::start() {
  if (std::exchange(run_.started, true)) return;
  run_.updateTime();
  run_.scheduleNs = run_.nowNs();
  for (LoadConnection& connection : connections_) {
    if (connection.isOpen()) connection.startSending();
  }
}

LoadClient::Range LoadClient::publications() const {
  Range range{UINT32_MAX, 0};
  for (const LoadConnection& connection : connections_) {
    if (!connection.isOpen()) continue;
    range.least = std::min(range.least, connection.publications());
    range.most = std::max(range.most, connection.publications());
  }
  return {std::min(range.least, range.most), range.most};
}

void LoadClient::restartMeasuring() { run_.latencies.clear(); }

void LoadClient::stop() {
  if (std::exchange(run_.stopped, true)) return;
  run_.updateTime();
  for (LoadConnection& connection : connections_) {
    if (connection.isOpen()) {
      connection.close();
    } else if (connection.isConnecting()) {
      connection.abort();
    }
  }
}

void LoadClient::connectDue() {
  while (mayConnect()) {
    LoadConnection& connection = connections_[run_.waiting.back()];
    run_.waiting.pop_back();
    ++run_.counters.attempts;
    if (connection.connect()) {
      ++run_.connecting;
      ++run_.sockets;
    } else if (run_.plan().mode == Mode::kChurn) {
      run_.waiting.push_back(connection.index());
    }
  }
}

bool LoadClient::mayConnect() const {
  if (run_.stopped || run_.waiting.empty() || nextConnectNs() > run_.nowNs()) return false;
  return run_.plan().connectsPerSecond > 0 || run_.connecting < kConnectsAtATime;
}

std::uint64_t LoadClient::nextConnectNs() const {
  const std::uint64_t paused = run_.plan().mode == Mode::kChurn ? run_.pausedUntilNs : 0;
  if (run_.plan().connectsPerSecond <= 0) return paused;
  const double seconds =
      static_cast<double>(run_.counters.attempts) / run_.plan().connectsPerSecond;
  return std::max(paused, beganNs_ + static_cast<std::uint64_t>(seconds * kNsPerSecond));
}

void LoadClient::sendDue() {
  if (!run_.isOpenLoop() || !run_.sendsOnOpen()) return;
  for (;; ++scheduled_) {
    const std::uint32_t senders = run_.plan().senders();
    const auto index = static_cast<std::uint32_t>(scheduled_ % senders);
    if (run_.intendedNs(index, scheduled_ / senders) > run_.nowNs()) return;
    LoadConnection& connection = connections_[index];
    if (connection.isOpen()) connection.sendDue();
  }
}

void LoadClient::broadcastDue() {
  if (run_.plan().mode != Mode::kBroadcast || run_.isOpenLoop() || !run_.sendsOnOpen()) return;
  LoadConnection& sender = connections_.front();
  if (sender.isOpen() && run_.mayBroadcast()) sender.broadcast();
}

void LoadClient::expireDue() {
  while (!run_.deadlines.empty()) {
    const LoadRun::Deadline first = run_.deadlines.front();
    LoadConnection& connection = connections_[first.index];
    const bool counts = connection.deadline() == first.deadline;
    if (counts && first.dueNs > run_.nowNs()) return;
    run_.deadlines.pop_front();
    if (counts) connection.onDeadline();
  }
}

int LoadClient::idleMs(std::uint64_t endNs) const {
  std::uint64_t next = endNs;
  if (!run_.deadlines.empty()) next = std::min(next, run_.deadlines.front().dueNs);
  if (!run_.stopped && !run_.waiting.empty()) {
    const std::uint64_t connectNs = nextConnectNs();
    // If only the number of open handshakes holds the others back, the end of one wakes the loop.
    if (connectNs > run_.nowNs()) next = std::min(next, connectNs);
  }
  if (run_.isOpenLoop() && run_.sendsOnOpen()) {
    const std::uint32_t senders = run_.plan().senders();
    const auto index = static_cast<std::uint32_t>(scheduled_ % senders);
    next = std::min(next, run_.intendedNs(index, scheduled_ / senders));
  }
  // Less than a millisecond is not slept: a message sent late would be measured as slow.
  return next > run_.nowNs() ? static_cast<int>((next - run_.nowNs()) / kNsPerMs) : 0;
}

}  // namespace wss::client
