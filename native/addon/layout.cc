// SPDX-License-Identifier: MIT
#include "addon/layout.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include "addon/convert.h"
#include "server/events/command.h"
#include "server/events/fields.h"
#include "server/events/log.h"
#include "server/events/records.h"
#include "server/listening/server.h"
#include "ws/frame.h"

namespace wss::addon {
namespace {

using server::Command;
using server::EventRecord;

/// What a byte offset is as an index of an Int32Array.
constexpr std::size_t integers(std::size_t bytes) { return bytes / sizeof(std::int32_t); }

Napi::Object frozen(Napi::Object object) {
  object.Freeze();
  return object;
}

Napi::Object texts(Napi::Env env, std::span<const std::string_view> rows) {
  const auto array = Napi::Array::New(env);
  for (const std::string_view text : rows) array.Set(array.Length(), toText(env, text));
  return frozen(array);
}

Napi::Object numbers(Napi::Env env,
                     std::initializer_list<std::pair<const char*, std::size_t>> rows) {
  const auto object = Napi::Object::New(env);
  for (const auto& [name, number] : rows) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(number)));
  }
  return frozen(object);
}

Napi::Object record(Napi::Env env) {
  return numbers(env, {{"size", integers(sizeof(EventRecord))},
                       {"kind", integers(offsetof(EventRecord, kind))},
                       {"connectionId", integers(offsetof(EventRecord, connectionId))},
                       {"flags", integers(offsetof(EventRecord, flags))},
                       {"value", integers(offsetof(EventRecord, value))},
                       {"chunk", integers(offsetof(EventRecord, chunk))},
                       {"offset", integers(offsetof(EventRecord, offset))},
                       {"length", integers(offsetof(EventRecord, length))},
                       {"token", integers(offsetof(EventRecord, token))}});
}

Napi::Object flags(Napi::Env env) {
  return numbers(env, {{"isAscii", server::kIsAscii},
                       {"endOfMessage", server::kEndOfMessage},
                       {"endOfLine", server::kEndOfLine},
                       {"isResponse", server::kIsResponse},
                       {"isError", server::kIsError},
                       {"isRefused", server::kIsRefused},
                       {"isBinary", server::kIsBinary},
                       {"isLent", server::kIsLent}});
}

Napi::Object command(Napi::Env env) {
  return numbers(env, {{"size", integers(sizeof(Command))},
                       {"connectionId", integers(offsetof(Command, connectionId))},
                       {"kind", integers(offsetof(Command, kind))},
                       {"offset", integers(offsetof(Command, offset))},
                       {"length", integers(offsetof(Command, length))}});
}

Napi::Object commandMemory(Napi::Env env) {
  return numbers(env, {{"count", server::kCommandCount},
                       {"textsWait", server::kTextsWait},
                       {"start", server::kCommandStart}});
}

Napi::Object kinds(Napi::Env env) {
  const auto of = [](ws::Opcode opcode) { return static_cast<std::size_t>(opcode); };
  return numbers(env, {{"text", of(ws::Opcode::kText)},
                       {"binary", of(ws::Opcode::kBinary)},
                       {"ping", of(ws::Opcode::kPing)},
                       {"pong", of(ws::Opcode::kPong)},
                       {"answerConnection", server::kAnswerConnection},
                       {"answerOpen", server::kAnswerOpen},
                       {"topic", server::kTopic},
                       {"publish", server::kPublish},
                       {"uncompressed", server::kUncompressed},
                       {"gathered", server::kGathered},
                       {"enveloped", server::kEnveloped},
                       {"operandShift", server::kOperandShift}});
}

/// By their numbers in the token of Disconnected.
constexpr auto kRules = std::to_array<std::pair<std::string_view, ws::Rule>>(
    {{"none", ws::Rule::kNone},
     {"mask", ws::Rule::kMask},
     {"reservedBit1", ws::Rule::kReservedBit1},
     {"reservedBits", ws::Rule::kReservedBits},
     {"opcode", ws::Rule::kOpcode},
     {"fin", ws::Rule::kFin},
     {"controlLength", ws::Rule::kControlLength},
     {"closeCode", ws::Rule::kCloseCode},
     {"length", ws::Rule::kLength},
     {"lengthTooLarge", ws::Rule::kLengthTooLarge},
     {"utf8", ws::Rule::kUtf8},
     {"messageSize", ws::Rule::kMessageSize},
     {"fragments", ws::Rule::kFragments},
     {"deflate", ws::Rule::kDeflate}});

Napi::Object rules(Napi::Env env) {
  const auto object = Napi::Object::New(env);
  for (const auto& [name, rule] : kRules) {
    object.Set(toText(env, name), Napi::Number::New(env, static_cast<int>(rule)));
  }
  return frozen(object);
}

Napi::Array events(Napi::Env env) {
  const auto rows = Napi::Array::New(env);
  for (const server::EventRow& event : server::eventTable()) {
    const auto row = Napi::Object::New(env);
    row.Set("name", toText(env, event.name));
    row.Set("value", toText(env, event.value));
    row.Set("payload", toText(env, event.payload));
    row.Set("fields", texts(env, event.fields));
    rows.Set(rows.Length(), frozen(row));
  }
  rows.Freeze();
  return rows;
}

}  // namespace

Napi::Object layoutOf(Napi::Env env) {
  const auto layout = Napi::Object::New(env);
  layout.Set("record", record(env));
  layout.Set("flags", flags(env));
  layout.Set("events", events(env));
  layout.Set("rules", rules(env));
  layout.Set("logTypes", texts(env, server::kLogTypes));
  layout.Set("command", command(env));
  layout.Set("commandMemory", commandMemory(env));
  layout.Set("kinds", kinds(env));
  layout.Set("fieldHead", Napi::Number::New(env, static_cast<double>(server::kFieldHead)));
  layout.Set("slotMask", Napi::Number::New(env, server::kSlotMask));
  layout.Set("headers", numbers(env, {{"short", ws::headerSize(0)},
                                      {"mostShort", ws::kMaxControlPayload},
                                      {"long", ws::headerSize(ws::kMaxControlPayload + 1)}}));
  return frozen(layout);
}

}  // namespace wss::addon
