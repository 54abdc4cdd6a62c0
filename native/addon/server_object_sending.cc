// SPDX-License-Identifier: MIT
// What JavaScript gives: connections that it has, messages to one, publications to many, and who is
// subscribed to what.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "addon/convert.h"
#include "addon/server_object.h"
#include "server/topics/topic.h"
#include "ws/frame.h"

namespace wss::addon {
namespace {

std::int32_t integer(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

Napi::Array namesOf(Napi::Env env, const std::vector<std::string>& names) {
  const auto array = Napi::Array::New(env, names.size());
  for (std::uint32_t index = 0; index < names.size(); ++index) {
    array.Set(index, toText(env, names[index]));
  }
  return array;
}

/// An answer of JavaScript's to a request: `{ subProtocol, headers }`. The views last as long.
struct GivenAnswer {
  explicit GivenAnswer(const Napi::Value& value) {
    if (!value.IsObject()) return;
    const auto object = value.As<Napi::Object>();
    subProtocol = object.Get("subProtocol").ToString().Utf8Value();
    // Each character is a byte. Those that cannot be make it invalid.
    for (const char16_t one : object.Get("headers").ToString().Utf16Value()) {
      headers.push_back(one > 0xFF ? '\0' : static_cast<char>(one));
    }
    answer = {.status = 101, .subProtocol = subProtocol, .headers = headers, .body = {}};
    given = &answer;
  }
  GivenAnswer(const GivenAnswer&) = delete;
  GivenAnswer& operator=(const GivenAnswer&) = delete;
  ~GivenAnswer() = default;

  std::string subProtocol;
  std::string headers;
  http::Answer answer;
  const http::Answer* given = nullptr;
};

/// `[address, port]`; what is no address is on this machine and has none.
net::Address addressOf(const Napi::Value& value) {
  const auto pair = value.As<Napi::Array>();
  const auto port = static_cast<std::uint16_t>(integer(pair.Get(1U)));
  const std::string host = pair.Get(0U).ToString().Utf8Value();
  if (const auto address = net::Address::literal(host, port)) return *address;
  net::Address none;
  none.isUnix = true;
  return none;
}

}  // namespace

Napi::Value ServerObject::adopt(const Napi::CallbackInfo& info) {
  const GivenAnswer answer(info[2]);
  auto id = server_->adopt(integer(info[0]), toBytes(info[1]).value_or(Bytes()), answer.given);
  // The answer goes at once.
  performCommands();
  refresh();
  if (id.ok()) return Napi::Number::New(info.Env(), id.value());
  throwError(id.error());
  return {};
}

Napi::Value ServerObject::bridge(const Napi::CallbackInfo& info) {
  const GivenAnswer answer(info[3]);
  auto bridged = server_->bridge(addressOf(info[0]), addressOf(info[1]),
                                 toBytes(info[2]).value_or(Bytes()), answer.given);
  performCommands();
  refresh();
  if (!bridged.ok()) {
    throwError(bridged.error());
    return {};
  }
  const auto both = Napi::Array::New(info.Env(), 2);
  both.Set(0U, Napi::Number::New(info.Env(), bridged.value().id));
  both.Set(1U, Napi::Number::New(info.Env(), bridged.value().fd));
  return both;
}

std::optional<Bytes> ServerObject::payloadOf(const Napi::CallbackInfo& info) {
  auto bytes = toBytes(info[2]);
  if (!bytes) {
    throwError(makeError(ErrorCode::kInvalidArgument,
                         "give a string, Buffer, TypedArray, DataView or ArrayBuffer"));
  }
  return bytes;
}

Napi::Value ServerObject::send(const Napi::CallbackInfo& info) {
  const std::int32_t kind = integer(info[1]);
  const auto opcode = static_cast<ws::Opcode>(kind & ~server::kUncompressed);
  const bool mayCompress = (kind & server::kUncompressed) == 0;
  const auto bytes = payloadOf(info);
  if (!bytes) return {};
  if (!server::isSendable(kind & ~server::kUncompressed, bytes->size())) {
    throwError(makeError(ErrorCode::kInvalidArgument,
                         ws::isControl(opcode) && bytes->size() > ws::kMaxControlPayload
                             ? "a ping or pong carries at most 125 bytes"
                             : "a message is text (1) or binary (2)"));
    return {};
  }
  return outcomeOf(info,
                   server_->send(toId(info[0]), opcode, *bytes, integer(info[3]), mayCompress));
}

Napi::Value ServerObject::sendPart(const Napi::CallbackInfo& info) {
  const auto opcode = static_cast<ws::Opcode>(integer(info[1]));
  const auto bytes = payloadOf(info);
  if (!bytes) return {};
  const bool last = info[3].ToBoolean();
  return outcomeOf(info, server_->sendPart(toId(info[0]), opcode, *bytes, last, integer(info[4])));
}

Napi::Value ServerObject::ping(const Napi::CallbackInfo& info) {
  server::Connection* const connection = findConnection(info);
  if (connection == nullptr) return {};
  const auto sent = connection->ping(integer(info[1]));
  if (!sent.ok()) throwError(sent.error());
  performCommands();
  return info.Env().Undefined();
}

Napi::Value ServerObject::drained(const Napi::CallbackInfo& info) {
  return outcomeOf(info, server_->whenDrained(toId(info[0]), integer(info[1])));
}

Napi::Value ServerObject::forget(const Napi::CallbackInfo& info) {
  server_->forget(toId(info[0]), integer(info[1]));
  return info.Env().Undefined();
}

Napi::Value ServerObject::outcomeOf(const Napi::CallbackInfo& info, Result<bool> sent) {
  if (sent.ok()) return Napi::Boolean::New(info.Env(), sent.value());
  throwError(sent.error());
  return {};
}

std::optional<std::string> ServerObject::topicOf(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  throwError(makeError(ErrorCode::kInvalidArgument, "a topic is a string"));
  return std::nullopt;
}

Napi::Value ServerObject::subscribe(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[1]);
  if (!topic) return {};
  return outcomeOf(info, server_->subscribe(toId(info[0]), *topic));
}

Napi::Value ServerObject::unsubscribe(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[1]);
  if (!topic) return {};
  return outcomeOf(info, server_->unsubscribe(toId(info[0]), *topic));
}

Napi::Value ServerObject::topicsOf(const Napi::CallbackInfo& info) {
  return namesOf(info.Env(), server_->topicsOf(toId(info[0])));
}

Napi::Value ServerObject::topics(const Napi::CallbackInfo& info) {
  return namesOf(info.Env(), server_->topics());
}

Napi::Value ServerObject::subscriberCount(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[0]);
  if (!topic) return {};
  Result<int> count = server_->subscriberCount(*topic);
  if (count.ok()) return Napi::Number::New(info.Env(), count.value());
  throwError(count.error());
  return {};
}

Napi::Value ServerObject::subscribers(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[0]);
  if (!topic) return {};
  auto ids = server_->subscribers(*topic);
  if (ids.ok()) return toArray(info.Env(), ids.value());
  throwError(ids.error());
  return {};
}

Napi::Value ServerObject::countTopics(const Napi::CallbackInfo& info) {
  const auto [topics, subscribers] = server_->countTopics();
  const auto counts = Napi::Object::New(info.Env());
  counts.Set("topics", Napi::Number::New(info.Env(), static_cast<double>(topics)));
  counts.Set("subscribers", Napi::Number::New(info.Env(), static_cast<double>(subscribers)));
  return counts;
}

Napi::Value ServerObject::checkTopic(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[0]);
  if (!topic) return {};
  if (const Result<void> valid = server::checkTopic(*topic); !valid.ok()) throwError(valid.error());
  return info.Env().Undefined();
}

Napi::Value ServerObject::publish(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[0]);
  if (!topic) return {};
  const std::int32_t kind = integer(info[1]);
  const auto payload = payloadOf(info);
  if (!payload) return {};
  constexpr std::int32_t kFlags = server::kUncompressed | server::kEnveloped;
  Result<int> count = server_->publish(*topic, static_cast<ws::Opcode>(kind & ~kFlags), *payload,
                                       (kind & server::kUncompressed) == 0, toId(info[3]),
                                       (kind & server::kEnveloped) != 0);
  if (count.ok()) return Napi::Number::New(info.Env(), count.value());
  throwError(count.error());
  return {};
}

Napi::Value ServerObject::publishTo(const Napi::CallbackInfo& info) {
  const auto payload = payloadOf(info);
  if (!payload) return {};
  const auto opcode = static_cast<ws::Opcode>(integer(info[1]));
  return Napi::Boolean::New(info.Env(), server_->publishTo(toId(info[0]), opcode, *payload));
}

Napi::Value ServerObject::setEnvelopeProtocol(const Napi::CallbackInfo& info) {
  if (const auto name = topicOf(info[0])) server_->setEnvelopeProtocol(*name);
  return info.Env().Undefined();
}

Napi::Value ServerObject::getsEnvelopes(const Napi::CallbackInfo& info) {
  const server::Connection* const connection = server_->find(toId(info[0]));
  return Napi::Boolean::New(info.Env(), connection != nullptr && connection->getsEnvelopes());
}

Napi::Value ServerObject::wantsEnvelopes(const Napi::CallbackInfo& info) {
  const auto topic = topicOf(info[0]);
  return Napi::Boolean::New(info.Env(), topic && server_->wantsEnvelopes(*topic));
}

Napi::Value ServerObject::closeWithoutCode(const Napi::CallbackInfo& info) {
  server::Connection* const connection = findConnection(info);
  if (connection == nullptr) return {};
  connection->disconnect(static_cast<std::uint16_t>(ws::CloseCode::kNoStatus), {});
  performCommands();
  return info.Env().Undefined();
}

Napi::Value ServerObject::terminate(const Napi::CallbackInfo& info) {
  server::Connection* const connection = findConnection(info);
  if (connection == nullptr) return {};
  connection->terminate();
  performCommands();
  return info.Env().Undefined();
}

Napi::Value ServerObject::compresses(const Napi::CallbackInfo& info) {
  const server::Connection* const connection = server_->find(integer(info[0]));
  return Napi::Boolean::New(info.Env(), connection != nullptr && connection->mayCompress());
}

}  // namespace wss::addon
