// SPDX-License-Identifier: MIT
// What the addon exports: the Server class, and the tables that the core says its facts in. See the
// interface NativeAddon in lib/boundary/native.ts.
#include <dlfcn.h>
#include <napi.h>

#include <algorithm>
#include <memory>

#include "addon/certificate_object.h"
#include "addon/convert.h"
#include "addon/layout.h"
#include "addon/load_object.h"
#include "addon/memory.h"
#include "addon/server_object.h"
#include "server/events/records.h"
#include "tls/formats/argon2.h"

namespace {

using wss::addon::AddonState;
using wss::addon::toText;

wss::addon::Memory* memoryOf(const Napi::Value& number) {
  const auto* const state = number.Env().GetInstanceData<AddonState>();
  return state->memories->find(number.As<Napi::Number>().Int32Value());
}

Napi::Value showMemory(const Napi::CallbackInfo& info) {
  auto* const memory = memoryOf(info[0]);
  return Napi::Boolean::New(info.Env(), memory != nullptr && memory->show(info[1]));
}

Napi::Value copyMemory(const Napi::CallbackInfo& info) {
  const auto* const memory = memoryOf(info[0]);
  const double offset = info[1].As<Napi::Number>().DoubleValue();
  const double length = info[2].As<Napi::Number>().DoubleValue();
  const bool within = memory != nullptr && offset >= 0 && length >= 0 &&
                      offset + length <= static_cast<double>(memory->size());
  if (!within) return info.Env().Undefined();
  const auto size = static_cast<std::size_t>(length);
  auto copy = Napi::Uint8Array::New(info.Env(), size);
  const std::uint8_t* const from = memory->bytes() + static_cast<std::size_t>(offset);
  if (!copy.IsEmpty()) std::copy_n(from, size, copy.Data());
  return copy;
}

/// The bytes of `size` that Argon2 makes of a password and a salt, the last two arguments;
/// undefined when the numbers are not allowed.
Napi::Value argon2(const Napi::CallbackInfo& info) {
  const auto number = [&](std::size_t i) { return info[i].As<Napi::Number>().Uint32Value(); };
  const wss::tls::Argon2 parameters = {
      .kind = static_cast<wss::tls::Argon2::Kind>(number(0)),
      .memory = number(1),
      .passes = number(2),
      .lanes = number(3),
      .password = wss::addon::toBytes(info[5]).value_or(wss::Bytes()),
      .salt = wss::addon::toBytes(info[6]).value_or(wss::Bytes()),
      .secret = {},
      .data = {},
  };
  auto tag = Napi::Uint8Array::New(info.Env(), number(4));
  if (!wss::tls::argon2(parameters, {tag.Data(), tag.ByteLength()})) return info.Env().Undefined();
  return tag;
}

Napi::Array errorRows(Napi::Env env) {
  const auto rows = wss::errorTable();
  const auto array = Napi::Array::New(env, rows.size());
  for (std::uint32_t index = 0; index < rows.size(); ++index) {
    const auto row = Napi::Object::New(env);
    row.Set("code", Napi::Number::New(env, rows[index].code));
    row.Set("name", toText(env, rows[index].name));
    row.Set("text", toText(env, rows[index].text));
    array.Set(index, row);
  }
  return array;
}

/// What a setting does, or why it does nothing.
std::string describe(const wss::server::Setting& setting) {
  std::string doc(setting.doc);
  if (!setting.inert.empty()) doc.append(" Has no effect here: ").append(setting.inert);
  return doc;
}

/// What the rows of both tables of settings have in common.
template <typename Row>
Napi::Object newRow(Napi::Env env, const Row& setting) {
  const auto row = Napi::Object::New(env);
  row.Set("name", toText(env, setting.name));
  row.Set("min", Napi::Number::New(env, static_cast<double>(setting.min)));
  row.Set("max", Napi::Number::New(env, static_cast<double>(setting.max)));
  return row;
}

Napi::Array settingRows(Napi::Env env) {
  const wss::server::Options defaults;
  const auto array = Napi::Array::New(env);
  for (const auto& setting : wss::server::settingTable()) {
    const auto row = newRow(env, setting);
    row.Set("property", Napi::Boolean::New(env, setting.property));
    row.Set("perConnection", Napi::Boolean::New(env, false));
    row.Set("default", wss::addon::toValue(env, defaults, setting));
    row.Set("readOnly", Napi::Boolean::New(env, setting.readOnly));
    row.Set("lockedError", Napi::Number::New(env, setting.lockedError));
    row.Set("documentedDefault", toText(env, setting.documentedDefault));
    row.Set("form", toText(env, setting.form));
    row.Set("inert", toText(env, setting.inert));
    row.Set("doc", toText(env, describe(setting)));
    array.Set(array.Length(), row);
  }
  for (const auto& setting : wss::server::propertyTable()) {
    if (!setting.setting) continue;
    const auto row = newRow(env, setting);
    row.Set("property", Napi::Boolean::New(env, false));
    row.Set("perConnection", Napi::Boolean::New(env, true));
    row.Set("default", wss::addon::toValue(env, setting.initial));
    row.Set("readOnly", Napi::Boolean::New(env, setting.write == nullptr));
    row.Set("lockedError", Napi::Number::New(env, 0));
    row.Set("documentedDefault", toText(env, {}));
    row.Set("form", toText(env, {}));
    row.Set("inert", toText(env, {}));
    row.Set("doc", toText(env, setting.doc));
    array.Set(array.Length(), row);
  }
  return array;
}

Napi::Array names(Napi::Env env, std::span<const std::string_view> list) {
  const auto array = Napi::Array::New(env, list.size());
  for (std::uint32_t index = 0; index < list.size(); ++index) {
    array.Set(index, toText(env, list[index]));
  }
  return array;
}

Napi::Array eventNames(Napi::Env env) {
  std::vector<std::string_view> list;
  for (const auto& event : wss::server::eventTable().first(wss::server::kKnownEvents)) {
    list.push_back(event.name);
  }
  return names(env, list);
}

Napi::Array propertyNames(Napi::Env env) {
  std::vector<std::string_view> list;
  for (const auto& property : wss::server::propertyTable()) list.push_back(property.name);
  return names(env, list);
}

/// This library stays loaded: OpenSSL keeps pointers into it (tls/records/tls13_kdf.h), even if
/// only a worker has loaded it, and has ended.
void stayLoaded() {
  static const char kHere = 0;
  Dl_info library{};
  if (::dladdr(&kHere, &library) == 0) return;
  ::dlopen(library.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  stayLoaded();
  auto* const state = new AddonState;
  state->memories = std::make_shared<wss::addon::MemoryTable>(env);
  env.SetInstanceData(state);
  exports.Set("Server", wss::addon::ServerObject::define(env));
  exports.Set("Certificate", wss::addon::CertificateObject::define(env));
  exports.Set("Load", wss::addon::LoadObject::define(env));
  exports.Set("showMemory", Napi::Function::New(env, showMemory));
  exports.Set("copyMemory", Napi::Function::New(env, copyMemory));
  exports.Set("argon2", Napi::Function::New(env, argon2));
  exports.Set("errorTable", errorRows(env));
  exports.Set("settingTable", settingRows(env));
  exports.Set("layout", wss::addon::layoutOf(env));
  exports.Set("eventNames", eventNames(env));
  exports.Set("propertyNames", propertyNames(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(wsserver, initialise)
