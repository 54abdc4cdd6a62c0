// SPDX-License-Identifier: MIT
// A certificate as JavaScript sees it: NativeCertificate of lib/boundary/native.ts. Its private key
// stays where it is.
#pragma once

#include <napi.h>

#include <memory>

#include "tls/certificates/certificate.h"

namespace wss::addon {

class CertificateObject final : public Napi::ObjectWrap<CertificateObject> {
 public:
  static Napi::Function define(Napi::Env env);
  /// The certificate that `value` stands for, or null if it is anything else.
  static const tls::Certificate* from(const Napi::Value& value);

  explicit CertificateObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value subject(const Napi::CallbackInfo& info);
  Napi::Value issuer(const Napi::CallbackInfo& info);
  Napi::Value encoded(const Napi::CallbackInfo& info);

  std::unique_ptr<tls::Certificate> certificate_;
};

}  // namespace wss::addon
