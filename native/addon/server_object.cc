// SPDX-License-Identifier: MIT
#include "addon/server_object.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "addon/certificate_object.h"
#include "addon/convert.h"
#include "base/shown.h"
#include "server/properties/config.h"
#include "ws/frame.h"

namespace wss::addon {
namespace {

constexpr std::size_t kCommandSize = sizeof(server::Command) / sizeof(std::int32_t);

std::int32_t integer(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

std::size_t sizeOf(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

void finishCleanup(void* handle) {
  napi_remove_async_cleanup_hook(static_cast<napi_async_cleanup_hook_handle>(handle));
}

}  // namespace

Napi::Function ServerObject::define(Napi::Env env) {
  return DefineClass(
      env, "Server",
      {InstanceMethod<&ServerObject::shared>("shared"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::startListening>>("startListening"),
       InstanceMethod<&ServerObject::openListening>("openListening"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::stopListening>>("stopListening"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::bridge>>("bridge"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::disconnectAll>>("disconnectAll"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::disconnect>>("disconnect"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::adopt>>("adopt"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::closeWithoutCode>>("closeWithoutCode"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::terminate>>("terminate"),
       InstanceMethod<&ServerObject::compresses>("compresses"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::flush>>("flush"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::send>>("send"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::sendPart>>("sendPart"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::drained>>("drained"),
       InstanceMethod<&ServerObject::direct<&ServerObject::forget>>("forget"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::ping>>("ping"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::pump>>("pump"),
       InstanceMethod<&ServerObject::get>("get"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::set>>("set"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::readText>>("readText"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::getProperty>>("getProperty"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::setProperty>>("setProperty"),
       InstanceMethod<&ServerObject::setWanted>("setWanted"),
       InstanceMethod<&ServerObject::connectedIds>("connectedIds"),
       InstanceMethod<&ServerObject::setHandsOver>("setHandsOver"),
       InstanceMethod<&ServerObject::closeAsWs>("closeAsWs"),
       InstanceMethod<&ServerObject::take>("take"),
       InstanceMethod<&ServerObject::nodeId>("nodeId"),
       InstanceMethod<&ServerObject::idOf>("idOf"),
       InstanceMethod<&ServerObject::direct<&ServerObject::setCertificates>>("setCertificates"),
       InstanceMethod<&ServerObject::direct<&ServerObject::missCertificate>>("missCertificate"),
       InstanceMethod<&ServerObject::ticketKeys>("ticketKeys"),
       InstanceMethod<&ServerObject::setTicketKeys>("setTicketKeys"),
       InstanceMethod<&ServerObject::direct<&ServerObject::answerCertificateRequest>>(
           "answerCertificateRequest"),
       InstanceMethod<&ServerObject::direct<&ServerObject::answerClientAuthentication>>(
           "answerClientAuthentication"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::subscribe>>("subscribe"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::unsubscribe>>("unsubscribe"),
       InstanceMethod<&ServerObject::topicsOf>("topicsOf"),
       InstanceMethod<&ServerObject::topics>("topics"),
       InstanceMethod<&ServerObject::subscriberCount>("subscriberCount"),
       InstanceMethod<&ServerObject::subscribers>("subscribers"),
       InstanceMethod<&ServerObject::countTopics>("countTopics"),
       InstanceMethod<&ServerObject::checkTopic>("checkTopic"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::publish>>("publish"),
       InstanceMethod<&ServerObject::inOrder<&ServerObject::publishTo>>("publishTo"),
       InstanceMethod<&ServerObject::setEnvelopeProtocol>("setEnvelopeProtocol"),
       InstanceMethod<&ServerObject::getsEnvelopes>("getsEnvelopes"),
       InstanceMethod<&ServerObject::wantsEnvelopes>("wantsEnvelopes"),
       InstanceMethod<&ServerObject::direct<&ServerObject::reportError>>("reportError"),
       InstanceMethod<&ServerObject::state>("state")});
}

ServerObject::ServerObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      asyncContext_(info.Env(), "WSServer"),
      errorClass_(Napi::Persistent(info[5].As<Napi::Function>())),
      memories_(info.Env().GetInstanceData<AddonState>()->memories),
      status_(*memories_, std::size_t{1} << server::kSlotBits),
      commands_(*memories_, server::kCommandStart + sizeOf(info[0]) * kCommandSize),
      arena_(*memories_, sizeOf(info[1])),
      batch_(info.Env(), memories_,
             info[4].ToBoolean() ? server::Payloads::kTransient : server::Payloads::kKept) {
  // Kept alive by the object: a strong reference would keep the whole server alive for ever.
  Value().Set("onBatch", info[2]);
  Value().Set("encode", info[3]);
  napi_create_reference(info.Env(), info[2], 0, &onBatch_);
  napi_create_reference(info.Env(), info[3], 0, &encode_);

  auto loop = net::Loop::create();
  if (!loop.ok()) {
    throwError(loop.error());
    return;
  }
  loop_ = std::move(loop.value());
  server_ = std::make_unique<server::Server>(*loop_, batch_.events(), status_.items());

  uv_loop_t* nodeLoop = nullptr;
  napi_get_uv_event_loop(info.Env(), &nodeLoop);
  nodeLoop_ = NodeLoop::start(nodeLoop, *loop_, *this);
  nodeLoop_->setActive(false);
  // A worker may end, and the process may exit, at any time: Node's handles must be closed first.
  napi_add_async_cleanup_hook(
      info.Env(),
      [](napi_async_cleanup_hook_handle handle, void* self) {
        auto* object = static_cast<ServerObject*>(self);
        object->cleanup_ = nullptr;
        object->server_.reset();
        std::exchange(object->nodeLoop_, nullptr)->close(finishCleanup, handle);
        object->loop_.reset();
      },
      this, &cleanup_);
}

ServerObject::~ServerObject() {
  server_.reset();
  if (nodeLoop_ != nullptr) nodeLoop_->close(nullptr, nullptr);
  if (cleanup_ != nullptr) napi_remove_async_cleanup_hook(cleanup_);
  if (onBatch_ != nullptr) napi_delete_reference(Env(), onBatch_);
  if (encode_ != nullptr) napi_delete_reference(Env(), encode_);
}

Napi::Value ServerObject::shared(const Napi::CallbackInfo& info) {
  const napi_env env = info.Env();
  const auto integers = [&](const Shared<std::int32_t>& shared) {
    const napi_value buffer = shared.memory().makeArrayBuffer();
    napi_value array = nullptr;
    napi_create_typedarray(env, napi_int32_array, shared.items().size(), buffer, 0, &array);
    return array;
  };
  const auto arrays = Napi::Object::New(env);
  arrays.Set("status", integers(status_));
  arrays.Set("commands", integers(commands_));
  arrays.Set("arena", arena_.memory().makeBuffer());
  return arrays;
}

Napi::Value ServerObject::startListening(const Napi::CallbackInfo& info) {
  const auto started = server_->startListening();
  if (!started.ok()) throwError(started.error());
  refresh();
  return info.Env().Undefined();
}

Napi::Value ServerObject::openListening(const Napi::CallbackInfo& info) {
  auto fds = server_->openListening();
  if (!fds.ok()) {
    throwError(fds.error());
    return {};
  }
  const auto array = Napi::Array::New(info.Env(), fds.value().size());
  for (std::uint32_t index = 0; index < fds.value().size(); ++index) {
    array.Set(index, Napi::Number::New(info.Env(), fds.value()[index]));
  }
  return array;
}

Napi::Value ServerObject::stopListening(const Napi::CallbackInfo& info) {
  server_->stopListening();
  refresh();
  return info.Env().Undefined();
}

Napi::Value ServerObject::disconnectAll(const Napi::CallbackInfo& info) {
  server_->disconnectAll();
  performCommands();
  return info.Env().Undefined();
}

Napi::Value ServerObject::disconnect(const Napi::CallbackInfo& info) {
  server::Connection* const connection = findConnection(info);
  if (connection == nullptr) return {};
  if (!connection->hasBeenOpen()) {
    throwError(notConnected(std::to_string(connection->id())));
    return {};
  }
  // 0 for what is no whole number.
  const int code = info[1].IsUndefined() ? server_->options().disconnectStatusCode
                                         : std::get<int>(toProperty(info[1], 0).value_or(0));
  const std::string reason = info[2].IsString() ? info[2].As<Napi::String>().Utf8Value()
                                                : server_->options().disconnectStatusDescription;
  std::string why;
  if (code < 0 || code > 0xFFFF || !ws::isWireCloseCode(static_cast<std::uint16_t>(code))) {
    why = std::to_string(code) +
          " is no close code that may be sent: use 1000-1003, 1007-1014 or 3000-4999";
  } else if (!info[2].IsUndefined() && !info[2].IsString()) {
    why = "the reason of a Close is a string";
  } else if (reason.size() > ws::kMaxCloseReason) {
    why = "the reason of a Close has at most 123 bytes of UTF-8";
  }
  if (!why.empty()) {
    throwError(makeError(ErrorCode::kInvalidArgument, why));
    return {};
  }
  connection->disconnect(static_cast<std::uint16_t>(code), reason);
  performCommands();
  return info.Env().Undefined();
}

Napi::Value ServerObject::flush(const Napi::CallbackInfo& info) {
  // A client that has been let in may have said its last word together with its request.
  if (server_->hasLastFrames()) loop_->wake();
  return info.Env().Undefined();
}

void ServerObject::throwError(const Error& error) { addon::throwError(errorClass_.Value(), error); }

Napi::Value ServerObject::pump(const Napi::CallbackInfo& info) {
  const Turn::Hold hold(turn_, toId(info[1]));
  loop_->run(integer(info[0]));
  // Made now: afterwards JavaScript may have ended this worker.
  const Napi::Value delivers = Napi::Boolean::New(info.Env(), !batch_.events().empty());
  settle();
  return delivers;
}

Napi::Value ServerObject::get(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const server::Setting* const setting = server::findSetting(name);
  if (setting != nullptr) return toValue(info.Env(), server_->options(), *setting);
  throwError(server::noSuchSetting(name));
  return {};
}

Napi::Value ServerObject::readText(const Napi::CallbackInfo& info) {
  auto text = server::readConfig(*server_, info[0].As<Napi::String>().Utf8Value());
  if (text.ok()) return toText(info.Env(), text.value());
  throwError(text.error());
  return {};
}

Napi::Value ServerObject::set(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const auto text = toSettingText(info[1]);
  const auto written =
      text ? server::writeConfig(*server_, name, *text)
           : Result<void>(makeError(ErrorCode::kInvalidArgument,
                                    "give " + shown(name) + " a string, a number or a boolean"));
  if (!written.ok()) throwError(written.error());
  return info.Env().Undefined();
}

server::Connection* ServerObject::findConnection(const Napi::CallbackInfo& info) {
  server::Connection* const connection = server_->ask(toId(info[0]));
  if (connection == nullptr) {
    throwError(notConnected(info[0].ToString().Utf8Value()));
  }
  return connection;
}

const server::Property* ServerObject::findProperty(const Napi::CallbackInfo& info) {
  const auto table = server::propertyTable();
  const auto index = static_cast<std::size_t>(integer(info[1]));
  if (index < table.size()) return &table[index];
  throwError(makeError(ErrorCode::kInvalidArgument, "there is no such property"));
  return nullptr;
}

Napi::Value ServerObject::getProperty(const Napi::CallbackInfo& info) {
  const server::Connection* const connection = findConnection(info);
  if (connection == nullptr) return {};
  const auto* const property = findProperty(info);
  return property == nullptr ? Napi::Value() : toValue(info.Env(), property->read(*connection));
}

Napi::Value ServerObject::setProperty(const Napi::CallbackInfo& info) {
  server::Connection* const connection = findConnection(info);
  if (connection == nullptr) return {};
  const auto* const property = findProperty(info);
  if (property == nullptr) return {};
  const auto value = toProperty(info[2], property->read(*connection));
  const auto written =
      value ? server::writeProperty(*connection, *property, *value)
            : Result<void>(makeError(ErrorCode::kInvalidArgument,
                                     std::string(property->name) + " is of another type"));
  if (!written.ok()) throwError(written.error());
  return info.Env().Undefined();
}

Napi::Value ServerObject::connectedIds(const Napi::CallbackInfo& info) {
  return toArray(info.Env(), server_->connectedIds());
}

Napi::Value ServerObject::nodeId(const Napi::CallbackInfo& info) {
  return toText(info.Env(), server_->nodeId());
}

Napi::Value ServerObject::idOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), server_->idOf(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Value ServerObject::reportError(const Napi::CallbackInfo& info) {
  // lib/events/failure_report.ts sees to it that it is one of the table.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  const Error error{static_cast<ErrorCode>(integer(info[1])),
                    info[2].As<Napi::String>().Utf8Value()};
  server_->reportError(toId(info[0]), error);
  return Napi::Boolean::New(info.Env(), batch_.events().wants(server::EventKind::kError));
}

Napi::Value ServerObject::state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const server::Statistics& counted = server_->statistics();
  const auto state = Napi::Object::New(env);
  const auto number = [&](const char* name, double value) {
    state.Set(name, Napi::Number::New(env, value));
  };
  state.Set("listening", Napi::Boolean::New(env, server_->isListening()));
  state.Set("idle", Napi::Boolean::New(env, server_->isIdle()));
  number("connections", server_->connectedCount());
  number("connectionsAccepted", static_cast<double>(counted.connectionsAccepted));
  number("connectionsRefused", static_cast<double>(counted.connectionsRefused));
  number("opening", static_cast<double>(server_->openingCount()));
  number("messagesSkipped", static_cast<double>(counted.messagesSkipped));
  number("connectionsEvicted", static_cast<double>(counted.connectionsEvicted));
  number("messagesIn", static_cast<double>(counted.messagesIn));
  number("messagesOut", static_cast<double>(counted.messagesOut));
  number("bytesIn", static_cast<double>(counted.bytesIn));
  number("bytesOut", static_cast<double>(counted.bytesOut));
  return state;
}

Napi::Value ServerObject::missCertificate(const Napi::CallbackInfo& info) {
  server_->missCertificate();
  return info.Env().Undefined();
}

Napi::Value ServerObject::setCertificates(const Napi::CallbackInfo& info) {
  const auto list = info[0].As<Napi::Array>();
  std::vector<tls::Certificate> certificates;
  for (std::uint32_t index = 0; index < list.Length(); ++index) {
    if (const auto* certificate = CertificateObject::from(list.Get(index))) {
      certificates.push_back(*certificate);
    }
  }
  const auto set = server_->setCertificates(std::move(certificates));
  if (!set.ok()) throwError(set.error());
  return info.Env().Undefined();
}

Napi::Value ServerObject::ticketKeys(const Napi::CallbackInfo& info) {
  auto keys = server_->ticketKeys();
  if (!keys.ok()) {
    throwError(keys.error());
    return info.Env().Undefined();
  }
  return Napi::Buffer<std::uint8_t>::Copy(info.Env(), keys.value().data(), keys.value().size());
}

Napi::Value ServerObject::setTicketKeys(const Napi::CallbackInfo& info) {
  const auto set = server_->setTicketKeys(toBytes(info[0]).value_or(Bytes()));
  if (!set.ok()) throwError(set.error());
  return info.Env().Undefined();
}

Napi::Value ServerObject::answerCertificateRequest(const Napi::CallbackInfo& info) {
  // The peer may have gone while its question was being thought about.
  if (server::Connection* const connection = server_->find(toId(info[0]))) {
    if (info[1].IsNull()) {
      connection->refuseCertificateRequest();
    } else {
      connection->answerCertificateRequest(CertificateObject::from(info[1]));
    }
  }
  loop_->wake();
  return info.Env().Undefined();
}

Napi::Value ServerObject::answerClientAuthentication(const Napi::CallbackInfo& info) {
  if (server::Connection* const connection = server_->find(toId(info[0]))) {
    connection->answerClientAuthentication(info[1].ToBoolean());
  }
  loop_->wake();
  return info.Env().Undefined();
}

}  // namespace wss::addon
