// SPDX-License-Identifier: MIT
// A turn of a ServerObject: what has happened goes to JavaScript, what was sent goes to the core.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "addon/convert.h"
#include "addon/server_object.h"
#include "net/address.h"
#include "net/socket.h"

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

Napi::Value ServerObject::take(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), server_->take(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value ServerObject::adopt(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = toBytes(info[3]);
  std::optional<net::Address> remote;
  if (const std::string host = info[1].ToString(); !host.empty()) {
    const auto port = static_cast<std::uint16_t>(info[2].ToNumber().Uint32Value());
    auto address = net::Address::resolve(host, port, net::Family::kBoth);
    if (address.ok()) remote = address.value();
  }
  const bool isGiven = info[4].IsString();
  const std::string subProtocol = isGiven ? info[4].As<Napi::String>().Utf8Value() : std::string();
  const std::string headers = isGiven ? info[5].ToString().Utf8Value() : std::string();
  const http::Answer answer{
      .status = 101, .subProtocol = subProtocol, .headers = headers, .body = {}};
  // The core unmasks what comes in place.
  std::vector<std::uint8_t> head(bytes->begin(), bytes->end());
  auto adopted = server_->adopt(info[0].As<Napi::Number>().Int32Value(), remote, head,
                                      isGiven ? &answer : nullptr);
  performCommands();
  loop_->wake();
  if (!adopted.ok()) {
    throwError(adopted.error());
    return {};
  }
  return Napi::Number::New(env, adopted.value());
}

Napi::Value ServerObject::openPair(const Napi::CallbackInfo& info) {
  auto pair = net::openPair();
  const auto ends = Napi::Array::New(info.Env(), 2);
  for (std::uint32_t at = 0; at < 2; ++at) {
    ends.Set(at, Napi::Number::New(info.Env(), pair.ok() ? pair.value().at(at) : -1));
  }
  return ends;
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
