// SPDX-License-Identifier: MIT
#include "addon/batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wss::addon {
namespace {

constexpr std::size_t kIntegers = sizeof(server::EventRecord) / sizeof(std::int32_t);
constexpr std::size_t kFirstCapacity = 1024 * kIntegers;

template <typename References>
Napi::Array toArray(Napi::Env env, const References& references) {
  const Napi::Array array = Napi::Array::New(env, references.size());
  for (std::size_t index = 0; index < references.size(); ++index) {
    array.Set(static_cast<std::uint32_t>(index), references[index].Value());
  }
  return array;
}

}  // namespace

std::uint8_t* Batch::allocate(std::size_t size) {
  const auto buffer = Napi::Buffer<std::uint8_t>::New(env_, size);
  chunks_.push_back(Napi::Persistent(buffer));
  return buffer.Data();
}

void Batch::adopt(ByteQueue&& bytes) {
  const std::size_t size = bytes.size();
  std::uint8_t* const data = bytes.release();
  adopted_.push_back(Napi::Persistent(Napi::Buffer<std::uint8_t>::NewOrCopy(
      env_, data, size, [](Napi::Env, std::uint8_t* memory) { ByteQueue::freeReleased(memory); })));
}

std::vector<napi_value> Batch::handOver() {
  const auto records = events_.records();
  const std::size_t wanted = records.size() * kIntegers;
  if (records_.IsEmpty() || records_.Value().ElementLength() < wanted) {
    const std::size_t capacity = std::max(kFirstCapacity, wanted * 2);
    records_ = Napi::Persistent(Napi::Int32Array::New(env_, capacity));
  }
  Napi::Int32Array target = records_.Value();
  std::memcpy(target.Data(), records.data(), records.size_bytes());

  std::vector<napi_value> arguments = {target,
                                       Napi::Number::New(env_, static_cast<double>(records.size())),
                                       toArray(env_, chunks_), toArray(env_, adopted_)};

  adopted_.clear();
  const bool keepsChunk = !chunks_.empty() && events_.chunkHasRoom();
  if (keepsChunk) {
    chunks_.erase(chunks_.begin(), chunks_.end() - 1);
  } else {
    chunks_.clear();
  }
  events_.clear(keepsChunk);
  return arguments;
}

}  // namespace wss::addon
