// SPDX-License-Identifier: MIT
// The native half of the load generator, as JavaScript sees it: see the interface NativeLoad in
// lib/boundary/native_load.ts. Its run() blocks: it is for a process that does nothing else.
#pragma once

#include <napi.h>

#include <memory>

#include "client/load_client.h"

namespace wss::addon {

class LoadObject final : public Napi::ObjectWrap<LoadObject> {
 public:
  static Napi::Function define(Napi::Env env);

  /// (plan: object with the fields of client::Plan)
  explicit LoadObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value start(const Napi::CallbackInfo& info);
  Napi::Value restartMeasuring(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);
  Napi::Value snapshot(const Napi::CallbackInfo& info);
  Napi::Value latencies(const Napi::CallbackInfo& info);
  Napi::Value connectTimes(const Napi::CallbackInfo& info);

  std::unique_ptr<client::LoadClient> client_;
};

}  // namespace wss::addon
