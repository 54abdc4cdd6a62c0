// SPDX-License-Identifier: MIT
// With Node-API's own functions, as addon/batch.cc.
#include "addon/memory.h"

#include <cstdlib>
#include <utility>

namespace wss::addon {

Memory* MemoryTable::allocate(std::size_t size) { return add(std::malloc(size), size); }

Memory* MemoryTable::allocateZeroed(std::size_t size) { return add(std::calloc(size, 1), size); }

Memory* MemoryTable::adopt(ByteQueue&& bytes) {
  const std::size_t size = bytes.size();
  return add(bytes.release(), size, ByteQueue::freeReleased);
}

Memory* MemoryTable::add(void* bytes, std::size_t size) {
  if (bytes == nullptr) std::abort();
  return add(static_cast<std::uint8_t*>(bytes), size,
             [](std::uint8_t* allocated) { std::free(allocated); });
}

Memory* MemoryTable::add(std::uint8_t* bytes, std::size_t size, void (*release)(std::uint8_t*)) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::int32_t>(all_.size()));
    all_.push_back(nullptr);
  }
  const std::int32_t number = free_.back();
  free_.pop_back();
  auto* const memory = new Memory(shared_from_this(), bytes, size, release, number);
  all_[static_cast<std::size_t>(number)] = memory;
  return memory;
}

Memory* MemoryTable::find(std::int32_t number) const {
  const auto index = static_cast<std::size_t>(number);
  return number >= 0 && index < all_.size() ? all_[index] : nullptr;
}

void MemoryTable::lookForEnd() {
  bool thrown = false;
  if (ends_ || napi_is_exception_pending(env_, &thrown) != napi_ok || thrown) return;
  // Only asks whether JavaScript can be called: if so, it is told that there is nothing to throw.
  ends_ = napi_throw(env_, nullptr) != napi_invalid_arg;
  if (!ends_) return;
  napi_handle_scope scope = nullptr;
  napi_open_handle_scope(env_, &scope);
  for (Memory* const memory : all_) {
    if (memory != nullptr && memory->mayBeElsewhere()) ++memory->owners_;
  }
  if (scope != nullptr) napi_close_handle_scope(env_, scope);
}

napi_value Memory::makeBuffer() { return make(napi_create_external_buffer); }

napi_value Memory::makeArrayBuffer() {
  return make([](napi_env env, std::size_t size, void* bytes, napi_finalize finalize, void* hint,
                 napi_value* result) {
    return napi_create_external_arraybuffer(env, bytes, size, finalize, hint, result);
  });
}

napi_value Memory::make(Make with) {
  const auto letGoOfIt = [](napi_env, void*, void* hint) {
    auto* const self = static_cast<Memory*>(hint);
    self->table_->lookForEnd();
    self->isV8s_ = false;
    self->letGo();
  };
  ++owners_;
  isV8s_ = true;
  napi_value buffer = nullptr;
  const napi_status status = with(table_->env_, size_, bytes_, letGoOfIt, this, &buffer);
  if (status == napi_ok) return buffer;
  // If JavaScript cannot be called, the call has not taken the memory over. If it fails later it
  // has, and calls the finalizer as if it had not failed.
  if (status != napi_generic_failure && buffer == nullptr) {
    isV8s_ = false;
    --owners_;
  }
  return nullptr;
}

bool Memory::show(napi_value buffer) {
  if (wasShown_) return true;
  const napi_env env = table_->env_;
  void* bytes = nullptr;
  std::size_t size = 0;
  const bool isIt = napi_get_arraybuffer_info(env, buffer, &bytes, &size) == napi_ok &&
                    bytes == bytes_ && size == size_;
  if (!isIt) return false;
  const auto letGoOfIt = [](napi_env owner, void* data, void*) {
    auto* const self = static_cast<Memory*>(data);
    napi_delete_reference(owner, std::exchange(self->shown_, nullptr));
    self->letGo();
  };
  if (napi_add_finalizer(env, buffer, this, letGoOfIt, nullptr, &shown_) != napi_ok) return false;
  wasShown_ = true;
  ++owners_;
  return true;
}

/// Whether V8 has it, but perhaps not in the ArrayBuffer that was shown.
bool Memory::mayBeElsewhere() const {
  if (!isV8s_ || !wasShown_) return false;
  napi_value buffer = nullptr;
  bool detached = true;
  const bool isKnown =
      shown_ != nullptr && napi_get_reference_value(table_->env_, shown_, &buffer) == napi_ok &&
      buffer != nullptr && napi_is_detached_arraybuffer(table_->env_, buffer, &detached) == napi_ok;
  return !isKnown || detached;
}

void Memory::letGo() {
  if (--owners_ > 0) return;
  table_->all_[static_cast<std::size_t>(number_)] = nullptr;
  table_->free_.push_back(number_);
  delete this;
}

}  // namespace wss::addon
