// SPDX-License-Identifier: MIT
#include "addon/certificate_object.h"

#include <memory>
#include <string>
#include <utility>

#include "addon/convert.h"
#include "tls/stores/store.h"
#include "tls/stores/token_store.h"

namespace wss::addon {
namespace {

constexpr napi_type_tag kTag = {0x5cb1'd0a2'5a6f'44e1, 0x9a3c'7e10'b27c'c0d4};

std::vector<Bytes> partsOf(const Napi::Array& array) {
  std::vector<Bytes> parts;
  parts.reserve(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    parts.push_back(toBytes(array.Get(i)).value_or(Bytes()));
  }
  return parts;
}

/// `parts` are in the order of lib/certificates/pkcs11.ts.
tls::TokenName tokenNameOf(const std::vector<Bytes>& parts) {
  const auto text = [&](std::size_t i) { return std::string(textOf(parts.at(i))); };
  return {.module = text(0), .label = text(1), .serial = text(2), .object = text(3)};
}

Result<tls::Contents> contentsOf(const std::string& format, std::vector<Bytes> parts,
                                 std::string_view password) {
  if (format == "pkcs11") return tls::readToken(tokenNameOf(parts), password);
  return tls::readStore(
      {tls::formatNamed(format).value_or(tls::Format::kAny), std::move(parts), password});
}

}  // namespace

Napi::Function CertificateObject::define(Napi::Env env) {
  return DefineClass(env, "Certificate",
                     {InstanceAccessor<&CertificateObject::subject>("subject"),
                      InstanceAccessor<&CertificateObject::issuer>("issuer"),
                      InstanceAccessor<&CertificateObject::encoded>("encoded")});
}

const tls::Certificate* CertificateObject::from(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) return nullptr;
  return Unwrap(value.As<Napi::Object>())->certificate_.get();
}

CertificateObject::CertificateObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const std::string password = info[2].As<Napi::String>().Utf8Value();
  auto contents = contentsOf(info[0].As<Napi::String>().Utf8Value(),
                             partsOf(info[1].As<Napi::Array>()), password);
  if (!contents.ok()) {
    throwError(info[4].As<Napi::Function>(), contents.error());
    return;
  }
  // The certificate itself and its key from the store, or both by the subject.
  const auto encoded = toBytes(info[3]);
  auto found = encoded
                   ? tls::findKey(std::move(contents.value()), *encoded)
                   : tls::findCertificate(contents.value(), info[3].As<Napi::String>().Utf8Value());
  if (!found.ok()) {
    throwError(info[4].As<Napi::Function>(), found.error());
    return;
  }
  certificate_ = std::make_unique<tls::Certificate>(std::move(found.value()));
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value CertificateObject::subject(const Napi::CallbackInfo& info) {
  return toText(info.Env(), certificate_->subject());
}

Napi::Value CertificateObject::issuer(const Napi::CallbackInfo& info) {
  return toText(info.Env(), certificate_->issuer());
}

Napi::Value CertificateObject::encoded(const Napi::CallbackInfo& info) {
  return toText(info.Env(), certificate_->encoded());
}

}  // namespace wss::addon
