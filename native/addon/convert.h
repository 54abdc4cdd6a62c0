// SPDX-License-Identifier: MIT
// Between the core's values and JavaScript's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "addon/memory.h"
#include "base/bytes.h"
#include "base/error.h"
#include "server/properties/properties.h"
#include "server/settings/settings.h"

namespace wss::addon {

/// Per environment (main thread or worker): what must not be static.
struct AddonState {
  std::shared_ptr<MemoryTable> memories;
};

/// Throws `error` as a WSServerError: `errorClass` is that of who has made the object which fails,
/// for there may be several copies of lib/. The caller returns at once.
void throwError(const Napi::Function& errorClass, const Error& error);

Napi::String toText(Napi::Env env, std::string_view text);
/// A copy, as an Int32Array.
Napi::Int32Array toArray(Napi::Env env, std::span<const std::int32_t> numbers);
Napi::Value toValue(Napi::Env env, const server::PropertyValue& value);
Napi::Value toValue(Napi::Env env, const server::PropertyDefault& value);
/// The value of one setting in its JavaScript type.
Napi::Value toValue(Napi::Env env, const server::Options& options, const server::Setting& setting);

/// A string, number or boolean as the text that the settings table parses; nothing for another
/// value.
std::optional<std::string> toSettingText(const Napi::Value& value);
/// The value in the type of `like`, or nothing if it is of another one.
std::optional<server::PropertyValue> toProperty(const Napi::Value& value,
                                                const server::PropertyValue& like);

/// A ConnectionId; 0, which is nobody's, for a number that cannot be one.
std::int32_t toId(const Napi::Value& value);

/// The bytes of a Buffer, TypedArray, DataView (of a SharedArrayBuffer too) or ArrayBuffer; nothing
/// for any other value. Valid until control returns to JavaScript.
std::optional<Bytes> toBytes(const Napi::Value& value);

}  // namespace wss::addon
