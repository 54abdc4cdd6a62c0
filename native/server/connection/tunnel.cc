// SPDX-License-Identifier: MIT
#include "server/connection/tunnel.h"

#include <unistd.h>

namespace wss::server {

Result<int> Tunnel::open() {
  auto pair = net::openPair();
  if (!pair.ok()) return pair.error();
  const auto [ours, others] = pair.value();
  if (Result<void> opened = socket_.open(loop_, ours, this, true); !opened.ok()) {
    ::close(others);
    return opened.error();
  }
  return others;
}

void Tunnel::put(Bytes bytes) {
  if (!socket_.isOpen()) return;
  queue_.append(bytes);
  flush();
}

void Tunnel::flush() {
  if (!queue_.empty()) {
    const net::Transfer transfer = socket_.send(queue_.bytes());
    if (transfer.status == net::Transfer::Status::kFailed) return onGone();
    queue_.consume(transfer.count);
  }
  watch();
  if (isFull()) return;
  if (finishes_) socket_.finish();
  onRoom();
}

void Tunnel::finish() {
  finishes_ = true;
  if (socket_.isOpen() && !isFull()) socket_.finish();
}

void Tunnel::setWanted(bool wanted) {
  wanted_ = wanted;
  if (socket_.isOpen()) watch();
}

void Tunnel::close() {
  if (!socket_.isOpen()) return;
  socket_.close();
  queue_.clear();
}

void Tunnel::onReadable() {
  const MutableBytes buffer = loop_.receiveBuffer().first(kMostAtOnce);
  const net::Transfer transfer = socket_.receive(buffer);
  switch (transfer.status) {
    case net::Transfer::Status::kDone:
      return onBytes(buffer.first(transfer.count));
    case net::Transfer::Status::kWouldBlock:
      return;
    case net::Transfer::Status::kEnded:
      ended_ = true;
      watch();
      return onEnd();
    case net::Transfer::Status::kFailed:
      return onGone();
  }
}

}  // namespace wss::server
