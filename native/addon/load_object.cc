// SPDX-License-Identifier: MIT
#include "addon/load_object.h"

#include <string>
#include <utility>
#include <vector>

#include "addon/convert.h"
#include "tls/stores/store.h"

namespace wss::addon {
namespace {

using client::Plan;

std::string text(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::String>().Utf8Value();
}

double number(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().DoubleValue();
}

std::uint32_t whole(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().Uint32Value();
}

bool flag(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Boolean>().Value();
}

client::Mode modeOf(std::string_view name) {
  return name == "idle"        ? client::Mode::kIdle
         : name == "churn"     ? client::Mode::kChurn
         : name == "broadcast" ? client::Mode::kBroadcast
                               : client::Mode::kEcho;
}

/// Fails when the certificate cannot be read.
Result<tls::ClientOptions> tlsOf(const Napi::Object& source) {
  tls::ClientOptions options;
  options.serverName = text(source, "serverName");
  options.verify = flag(source, "verify");
  options.authorities = text(source, "authorities");
  options.resume = flag(source, "resume");
  const std::string version = text(source, "version");
  if (!version.empty()) options.protocols = version == "1.2" ? tls::kTls12 : tls::kTls13;
  const auto certificate = toBytes(source.Get("certificate"));
  if (!certificate) return options;
  const std::string password = text(source, "passphrase");
  auto contents = tls::readStore({tls::Format::kPem, {*certificate}, password});
  if (!contents.ok()) return contents.error();
  auto found = tls::findCertificate(contents.value(), "*");
  if (!found.ok()) return found.error();
  options.certificate = std::move(found.value());
  return options;
}

/// Fails when one of the texts is no address.
Result<std::vector<net::Address>> addressesIn(const Napi::Value& value, std::uint16_t port) {
  const auto texts = value.As<Napi::Array>();
  std::vector<net::Address> addresses;
  for (std::uint32_t index = 0; index < texts.Length(); ++index) {
    const std::string given = texts.Get(index).As<Napi::String>().Utf8Value();
    auto address = net::Address::resolve(given, port, net::Family::kBoth);
    if (!address.ok()) return address.error();
    addresses.push_back(address.value());
  }
  return addresses;
}

/// Fails when an address is none, or as tlsOf().
Result<Plan> planOf(const Napi::Object& source) {
  Plan plan;
  plan.mode = modeOf(text(source, "mode"));
  const auto port = static_cast<std::uint16_t>(whole(source, "port"));
  auto remotes = addressesIn(source.Get("addresses"), port);
  if (!remotes.ok()) return remotes.error();
  plan.remotes = std::move(remotes.value());

  if (const Napi::Value tls = source.Get("tls"); tls.IsObject()) {
    auto options = tlsOf(tls.As<Napi::Object>());
    if (!options.ok()) return options.error();
    plan.tls = std::move(options.value());
  }
  auto locals = addressesIn(source.Get("localAddresses"), 0);
  if (!locals.ok()) return locals.error();
  plan.localAddresses = std::move(locals.value());
  const auto messages = source.Get("messages").As<Napi::Array>();
  for (std::uint32_t index = 0; index < messages.Length(); ++index) {
    const auto bytes = toBytes(messages.Get(index));
    plan.messages.emplace_back(textOf(bytes.value_or(Bytes())));
  }

  plan.deflate = flag(source, "deflate");
  plan.request = {text(source, "target"), text(source, "host"), text(source, "subProtocols"),
                  plan.deflate, text(source, "headers")};
  plan.connections = whole(source, "connections");
  plan.firstId = whole(source, "firstId");
  plan.connectsPerSecond = number(source, "connectsPerSecond");
  plan.timeoutMs = whole(source, "timeoutMs");
  plan.stamped = flag(source, "stamped");
  plan.opcode = flag(source, "text") ? ws::Opcode::kText : ws::Opcode::kBinary;
  plan.publications = flag(source, "publications");
  plan.inFlight = whole(source, "inFlight");
  plan.messagesPerSecond = number(source, "messagesPerSecond");
  return plan;
}

/// Pairs of a duration in nanoseconds and how often it was measured.
Napi::Float64Array toPairs(Napi::Env env, const client::Histogram& histogram) {
  const auto buckets = histogram.buckets();
  auto pairs = Napi::Float64Array::New(env, buckets.size() * 2);
  double* place = pairs.Data();
  for (const auto& bucket : buckets) {
    *place++ = static_cast<double>(bucket.highestNs);
    *place++ = static_cast<double>(bucket.count);
  }
  return pairs;
}

Napi::Array toFailures(Napi::Env env, const client::FailureCounts& failures) {
  const auto rows = Napi::Array::New(env);
  for (const auto& [key, count] : failures.counts()) {
    const auto row = Napi::Object::New(env);
    row.Set("kind", toText(env, client::failureNames()[static_cast<std::size_t>(key.kind)]));
    row.Set("detail", Napi::Number::New(env, key.detail));
    row.Set("reason", toText(env, client::detailText(key.kind, key.detail)));
    row.Set("count", Napi::Number::New(env, static_cast<double>(count)));
    rows.Set(rows.Length(), row);
  }
  return rows;
}

}  // namespace

Napi::Function LoadObject::define(Napi::Env env) {
  return DefineClass(
      env, "Load",
      {InstanceMethod<&LoadObject::run>("run"), InstanceMethod<&LoadObject::start>("start"),
       InstanceMethod<&LoadObject::restartMeasuring>("restartMeasuring"),
       InstanceMethod<&LoadObject::stop>("stop"), InstanceMethod<&LoadObject::snapshot>("snapshot"),
       InstanceMethod<&LoadObject::latencies>("latencies"),
       InstanceMethod<&LoadObject::connectTimes>("connectTimes")});
}

LoadObject::LoadObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  auto plan = planOf(info[0].As<Napi::Object>());
  if (!plan.ok()) {
    throwError(info[1].As<Napi::Function>(), plan.error());
    return;
  }
  auto made = client::LoadClient::create(std::move(plan.value()));
  if (!made.ok()) {
    throwError(info[1].As<Napi::Function>(), made.error());
    return;
  }
  client_ = std::move(made.value());
}

Napi::Value LoadObject::run(const Napi::CallbackInfo& info) {
  client_->run(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value LoadObject::start(const Napi::CallbackInfo& info) {
  client_->start();
  return info.Env().Undefined();
}

Napi::Value LoadObject::restartMeasuring(const Napi::CallbackInfo& info) {
  client_->restartMeasuring();
  return info.Env().Undefined();
}

Napi::Value LoadObject::stop(const Napi::CallbackInfo& info) {
  client_->stop();
  return info.Env().Undefined();
}

Napi::Value LoadObject::snapshot(const Napi::CallbackInfo& info) {
  const auto result = Napi::Object::New(info.Env());
  for (const auto& row : client::counterTable()) {
    const auto count = client_->counters().*row.field;
    result.Set(toText(info.Env(), row.name),
               Napi::Number::New(info.Env(), static_cast<double>(count)));
  }
  const auto [least, most] = client_->publications();
  result.Set("publicationsLeast", Napi::Number::New(info.Env(), least));
  result.Set("publicationsMost", Napi::Number::New(info.Env(), most));
  result.Set("negotiated", toText(info.Env(), client_->negotiated()));
  result.Set("failures", toFailures(info.Env(), client_->failures()));
  result.Set("connecting", Napi::Boolean::New(info.Env(), client_->isConnecting()));
  result.Set("done", Napi::Boolean::New(info.Env(), client_->isDone()));
  return result;
}

Napi::Value LoadObject::latencies(const Napi::CallbackInfo& info) {
  return toPairs(info.Env(), client_->latencies());
}

Napi::Value LoadObject::connectTimes(const Napi::CallbackInfo& info) {
  return toPairs(info.Env(), client_->connectTimes());
}

}  // namespace wss::addon
