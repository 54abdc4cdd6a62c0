// SPDX-License-Identifier: MIT
// What a connection sends, and when.
#include <algorithm>

#include "client/load_connection.h"
#include "ws/writer.h"

namespace wss::client {
namespace {

/// Open loop: what a connection that has fallen behind may send at once.
constexpr std::size_t kMaxBurst = std::size_t{64} * 1024;

}  // namespace

void LoadConnection::startSending() {
  const Plan& plan = run_.plan();
  if (plan.mode == Mode::kIdle || broadcasts() || run_.isOpenLoop()) return;
  if (!sentNs_) sentNs_ = std::make_unique<std::uint64_t[]>(plan.inFlight);
  for (std::uint32_t count = 0; count < plan.inFlight; ++count) appendMessage();
  flush();
}

void LoadConnection::sendDue() {
  if (!run_.isOpenLoop() || !output_.empty() || index_ >= run_.plan().senders()) return;
  while (run_.frames().size() < kMaxBurst && run_.intendedNs(index_, sent_) <= run_.nowNs()) {
    appendMessage();
  }
  flush();
}

void LoadConnection::broadcast() {
  while (run_.mayBroadcast()) appendMessage();
  flush();
}

void LoadConnection::appendMessage() {
  const Plan& plan = run_.plan();
  const Bytes payload = run_.content().message(plan.firstId + index_, sent_);
  ws::appendMaskedFrame(run_.frames(), plan.opcode, true, deflates_, run_.makeMaskKey(),
                        deflates_ ? run_.content().compressed(sent_) : payload);
  if (sentNs_) sentNs_[sent_ % plan.inFlight] = run_.nowNs();
  ++sent_;
  if (broadcasts()) run_.addBroadcast();
  run_.countSent(payload.size());
}

void LoadConnection::appendControl(ws::Opcode opcode, Bytes payload) {
  ws::appendMaskedFrame(run_.frames(), opcode, true, false, run_.makeMaskKey(), payload);
}

void LoadConnection::flush() {
  if (tls_) seal();
  ByteQueue& ready = tls_ ? run_.records() : run_.frames();
  const std::size_t total = output_.size() + ready.size();
  if (total > 0) {
    const bool queued = !output_.empty();
    const Bytes fresh = ready.bytes();
    const net::Transfer transfer =
        queued ? socket_.send(output_.bytes(), fresh) : socket_.send(fresh);
    const std::size_t ofQueue = std::min(transfer.count, output_.size());
    if (transfer.count < total) output_.append(fresh.subspan(transfer.count - ofQueue));
    if (ofQueue > 0) output_.consume(ofQueue);
    // Unlike clear(), this keeps the memory for the next message.
    ready.shrink(ready.size());
    if (transfer.status == net::Transfer::Status::kFailed) {
      onEnd(transfer);
      return;
    }
  }
  socket_.watch(true, !output_.empty());
}

}  // namespace wss::client
