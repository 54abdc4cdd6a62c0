// SPDX-License-Identifier: MIT
// What a ServerObject does about TLS.
#include <utility>
#include <vector>

#include "addon/certificate_object.h"
#include "addon/convert.h"
#include "addon/server_object.h"

namespace wss::addon {

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
