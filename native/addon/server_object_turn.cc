// SPDX-License-Identifier: MIT
// A turn of a ServerObject: what has happened goes to JavaScript, what was sent goes to the core.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "addon/server_object.h"

namespace wss::addon {
namespace {

// A peer that answers events with events must not keep Node from its other work.
constexpr int kRoundsPerTurn = 8;

}  // namespace

void ServerObject::onTurn() {
  const Napi::HandleScope scope(Env());
  batch_.events().askAgain();
  loop_->run(0);
  settle();
  // There is no caller in JavaScript to throw it to.
  reportException();
}

void ServerObject::settle() {
  for (int round = 0; round < kRoundsPerTurn; ++round) {
    if (!batch_.events().empty()) deliver();
    // JavaScript may have ended this worker from within a handler.
    if (!server_) return;
    if (!performCommands()) return loop_->wake();
    server_->endTurn();
    if (batch_.events().empty()) break;
  }
  turn_.wakeForEvents();
  refresh();
}

void ServerObject::deliver() {
  const napi_env env = Env();
  const Napi::HandleScope scope(env);
  const auto ended = server_->takeEnded();
  Batch::Arguments arguments;
  napi_value onBatch = nullptr;
  napi_value result = nullptr;
  const bool ready =
      batch_.handOver(arguments) && napi_get_reference_value(env, onBatch_, &onBatch) == napi_ok;
  if (!ready) return;
  {
    const Turn::Delivery delivery(turn_);
    napi_make_callback(env, asyncContext_, Value(), onBatch, arguments.size(), arguments.data(),
                       &result);
  }
  reportException();
  if (server_) server_->release(ended);
}

Napi::Value ServerObject::setWanted(const Napi::CallbackInfo& info) {
  batch_.events().setWanted(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value ServerObject::setHandsOver(const Napi::CallbackInfo& info) {
  server_->setHandsOver(info[0].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value ServerObject::closeAsWs(const Napi::CallbackInfo& info) {
  server_->closeAsWs();
  return info.Env().Undefined();
}

Napi::Value ServerObject::take(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), server_->take(info[0].As<Napi::Number>().Int32Value()));
}

void ServerObject::reportException() {
  const napi_env env = Env();
  bool thrown = false;
  napi_value error = nullptr;
  // These calls fail while a worker is being ended: then nobody is to be told.
  if (napi_is_exception_pending(env, &thrown) == napi_ok && thrown &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
}

bool ServerObject::performCommands() {
  const auto words = commands_.items();
  const bool encoded = words[server::kTextsWait] == 0 || encode();
  batch_.events().askAgain();
  if (!encoded) return false;
  const auto given = words.subspan(server::kCommandStart);
  const std::size_t most = given.size_bytes() / sizeof(server::Command);
  const auto count = static_cast<std::uint32_t>(std::exchange(words[server::kCommandCount], 0));
  const std::span commands(reinterpret_cast<const server::Command*>(given.data()),
                           std::min<std::size_t>(count, most));
  loop_->updateTime();
  server_->perform(commands, arena_.items());
  return true;
}

bool ServerObject::encode() {
  const napi_env env = Env();
  const Napi::HandleScope scope(env);
  napi_value function = nullptr;
  napi_value result = nullptr;
  return napi_get_reference_value(env, encode_, &function) == napi_ok &&
         napi_call_function(env, Value(), function, 0, nullptr, &result) == napi_ok;
}

void ServerObject::refresh() {
  nodeLoop_->afterRun();
  const bool active = !server_->isIdle();
  if (active == active_) return;
  active_ = active;
  nodeLoop_->setActive(active);
  // A server that listens or has connections stays, even if nobody refers to it any more.
  if (active) {
    Ref();
  } else {
    Unref();
  }
}

}  // namespace wss::addon
