// SPDX-License-Identifier: MIT
#include "net/poller_uv.h"

#include <uv.h>

#include <unordered_map>
#include <utility>

namespace wss::net {
namespace {

class UvPoller final : public Poller {
 public:
  explicit UvPoller(std::unique_ptr<uv_loop_t> loop) : loop_(std::move(loop)) {}
  /// REQUIRES that every descriptor has been removed.
  ~UvPoller() override {
    uv_run(loop_.get(), UV_RUN_DEFAULT);
    uv_loop_close(loop_.get());
  }
  UvPoller(const UvPoller&) = delete;
  UvPoller& operator=(const UvPoller&) = delete;

  [[nodiscard]] int backendFd() const override { return uv_backend_fd(loop_.get()); }

  Result<void> add(int fd, Readiness interest, Pollable& owner, Trigger trigger) override {
    auto* handle = new uv_poll_t;
    const int status = uv_poll_init(loop_.get(), handle, fd);
    if (status != 0) {
      delete handle;
      return systemError(-status, "uv_poll_init");
    }
    handles_[fd] = handle;
    change(fd, interest, owner, trigger);
    return {};
  }

  void change(int fd, Readiness interest, Pollable& owner, Trigger) override {
    pending_ = true;
    uv_poll_t* const handle = handles_[fd];
    handle->data = &owner;
    const int wanted = (interest.readable ? UV_READABLE | UV_DISCONNECT : 0) |
                       (interest.ended ? UV_DISCONNECT : 0) | (interest.writable ? UV_WRITABLE : 0);
    // libuv wants at least one interest: for none we watch urgent data, which nobody sends.
    const int events = wanted == 0 ? UV_PRIORITIZED : wanted;
    uv_poll_start(handle, events, [](uv_poll_t* poll, int status, int ready) {
      static_cast<Pollable*>(poll->data)
          ->onReady({.readable = (ready & UV_READABLE) != 0,
                     .writable = (ready & UV_WRITABLE) != 0,
                     .ended = (ready & UV_DISCONNECT) != 0,
                     .broken = status != 0 || (ready & UV_PRIORITIZED) != 0});
    });
  }

  void remove(int fd) override {
    const auto entry = handles_.find(fd);
    if (entry == handles_.end()) return;
    uv_close(reinterpret_cast<uv_handle_t*>(entry->second),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    handles_.erase(entry);
    pending_ = true;
  }

  [[nodiscard]] bool pending() const override { return pending_; }

  void dispatch() override {
    pending_ = false;
    uv_run(loop_.get(), UV_RUN_NOWAIT);
  }

 private:
  std::unique_ptr<uv_loop_t> loop_;
  std::unordered_map<int, uv_poll_t*> handles_;
  bool pending_ = false;
};

}  // namespace

Result<std::unique_ptr<Poller>> makeUvPoller() {
  auto loop = std::make_unique<uv_loop_t>();
  const int status = uv_loop_init(loop.get());
  if (status != 0) return systemError(-status, "uv_loop_init");
  return std::unique_ptr<Poller>(std::make_unique<UvPoller>(std::move(loop)));
}

}  // namespace wss::net
