// SPDX-License-Identifier: MIT
// Memory that the core fills and JavaScript sees. JavaScript may give it away (transfer it, to
// another thread too) and V8 then frees it when it likes, so it has several owners: the core, V8's
// buffer, and whoever has payloads of it that are still to be read. The last to let go frees it.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace wss::addon {

class Memory;

/// All memory of an environment that JavaScript sees, by number. Lives until the last of it is
/// freed. One thread: Node calls every finalizer in that of the environment.
class MemoryTable : public std::enable_shared_from_this<MemoryTable> {
 public:
  explicit MemoryTable(napi_env env) : env_(env) {}
  MemoryTable(const MemoryTable&) = delete;
  MemoryTable& operator=(const MemoryTable&) = delete;
  ~MemoryTable() = default;

  /// `size` uninitialised bytes, owned by the caller.
  Memory* allocate(std::size_t size);
  Memory* allocateZeroed(std::size_t size);
  /// What is in `bytes`, without a copy, owned by the caller. REQUIRES that it is not empty, and
  /// that nothing has been consumed from it.
  Memory* adopt(ByteQueue&& bytes);
  /// Null when there is none of that number.
  [[nodiscard]] Memory* find(std::int32_t number) const;

 private:
  friend class Memory;
  Memory* add(void* bytes, std::size_t size);
  Memory* add(std::uint8_t* bytes, std::size_t size, void (*release)(std::uint8_t*));

  /// At its end an environment finalizes V8's buffers, the latest first, even those that have been
  /// transferred to another thread. Memory that another thread may have is therefore never freed.
  void lookForEnd();

  napi_env env_;
  std::vector<Memory*> all_;
  std::vector<std::int32_t> free_;
  bool ends_ = false;
};

class Memory {
 public:
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  [[nodiscard]] std::uint8_t* bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::int32_t number() const { return number_; }

  /// A Buffer of all of it, of which V8 is an owner from now on; null when JavaScript cannot be
  /// called any more. Not more than once.
  napi_value makeBuffer();
  /// The same as an ArrayBuffer.
  napi_value makeArrayBuffer();
  /// JavaScript is about to show `buffer`, which makeBuffer() has made an ArrayBuffer of, to its
  /// user: the memory stays until nobody has it, even when it is transferred. False when it is
  /// another buffer.
  bool show(napi_value buffer);
  /// The core does not need it any more.
  void letGo();

 private:
  friend class MemoryTable;
  Memory(std::shared_ptr<MemoryTable> table, std::uint8_t* bytes, std::size_t size,
         void (*release)(std::uint8_t*), std::int32_t number)
      : table_(std::move(table)), bytes_(bytes), size_(size), release_(release), number_(number) {}
  ~Memory() { release_(bytes_); }

  using Make = napi_status (*)(napi_env, std::size_t, void*, napi_finalize, void*, napi_value*);
  napi_value make(Make with);
  [[nodiscard]] bool mayBeElsewhere() const;

  std::shared_ptr<MemoryTable> table_;
  std::uint8_t* bytes_;
  std::size_t size_;
  void (*release_)(std::uint8_t*);
  std::int32_t number_;
  int owners_ = 1;
  napi_ref shown_ = nullptr;  ///< weak: the ArrayBuffer that was shown
  bool wasShown_ = false;
  bool isV8s_ = false;  ///< V8 is one of the owners
};

}  // namespace wss::addon
