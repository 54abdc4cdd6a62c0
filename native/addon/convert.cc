// SPDX-License-Identifier: MIT
#include "addon/convert.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace wss::addon {
namespace {

struct ToValue {
  Napi::Env env;
  Napi::Value operator()(bool flag) const { return Napi::Boolean::New(env, flag); }
  Napi::Value operator()(int number) const { return Napi::Number::New(env, number); }
  Napi::Value operator()(std::string_view text) const { return toText(env, text); }
};

}  // namespace

void throwError(const Napi::Function& errorClass, const Error& error) {
  const Napi::Env env = errorClass.Env();
  const Napi::Value made = errorClass.New(
      {Napi::Number::New(env, static_cast<int>(error.code)), toText(env, error.message)});
  if (env.IsExceptionPending()) return;
  napi_throw(env, made);
}

Napi::String toText(Napi::Env env, std::string_view text) {
  return Napi::String::New(env, text.data(), text.size());
}

Napi::Int32Array toArray(Napi::Env env, std::span<const std::int32_t> numbers) {
  auto array = Napi::Int32Array::New(env, numbers.size());
  std::ranges::copy(numbers, array.Data());
  return array;
}

Napi::Value toValue(Napi::Env env, const server::PropertyValue& value) {
  return std::visit(ToValue{env}, value);
}

Napi::Value toValue(Napi::Env env, const server::PropertyDefault& value) {
  return std::visit(ToValue{env}, value);
}

Napi::Value toValue(Napi::Env env, const server::Options& options, const server::Setting& setting) {
  return std::visit([&](auto field) { return toValue(env, server::PropertyValue(options.*field)); },
                    setting.field);
}

std::optional<std::string> toSettingText(const Napi::Value& value) {
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value() ? "True" : "False";
  if (!value.IsString() && !value.IsNumber()) return std::nullopt;
  return value.ToString().Utf8Value();
}

std::optional<server::PropertyValue> toProperty(const Napi::Value& value,
                                                const server::PropertyValue& like) {
  if (std::holds_alternative<bool>(like)) {
    if (!value.IsBoolean()) return std::nullopt;
    return value.As<Napi::Boolean>().Value();
  }
  if (std::holds_alternative<int>(like)) {
    if (!value.IsNumber()) return std::nullopt;
    const double number = value.As<Napi::Number>().DoubleValue();
    const bool whole = std::trunc(number) == number && std::abs(number) <= 0x7FFFFFFF;
    if (!whole) return std::nullopt;
    return static_cast<int>(number);
  }
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

std::int32_t toId(const Napi::Value& value) {
  const double number = value.As<Napi::Number>().DoubleValue();
  const bool possible = number >= 1 && number <= INT32_MAX && std::trunc(number) == number;
  return possible ? static_cast<std::int32_t>(number) : 0;
}

std::optional<Bytes> toBytes(const Napi::Value& value) {
  if (value.IsTypedArray()) {
    const auto view = value.As<Napi::TypedArray>();
    // By the C function: Napi::ArrayBuffer does not take a SharedArrayBuffer.
    void* start = nullptr;
    napi_get_typedarray_info(value.Env(), value, nullptr, nullptr, &start, nullptr, nullptr);
    return Bytes(static_cast<const std::uint8_t*>(start), view.ByteLength());
  }
  if (value.IsDataView()) {
    const auto view = value.As<Napi::DataView>();
    return Bytes(static_cast<const std::uint8_t*>(view.Data()), view.ByteLength());
  }
  if (value.IsArrayBuffer()) {
    auto buffer = value.As<Napi::ArrayBuffer>();
    return Bytes(static_cast<const std::uint8_t*>(buffer.Data()), buffer.ByteLength());
  }
  return std::nullopt;
}

}  // namespace wss::addon
