// SPDX-License-Identifier: MIT
#include "tls/authorities.h"

#include <algorithm>
#include <filesystem>
#include <string>

#include "tls/formats.h"
#include "tls/openssl.h"

namespace wss::tls {
namespace {

void freeNames(STACK_OF(X509_NAME) * names) { sk_X509_NAME_pop_free(names, X509_NAME_free); }
using OwnedNames = Owned<STACK_OF(X509_NAME), freeNames>;

Error notLoaded(std::string_view setting) {
  return makeError(ErrorCode::kCertificateStoreNotOpened,
                   std::string(setting).append(" names no certificates that can be read."));
}

Result<void> trustPem(SSL_CTX* context, std::string_view pem) {
  Contents contents;
  if (readPem(bytesOf(pem), {}, contents) != Opened::kDone || contents.certificates.empty()) {
    return makeError(ErrorCode::kCertificateStoreNotOpened, "SSLCACerts holds no certificates.");
  }
  for (const Certificate::X509& authority : contents.certificates) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  return {};
}

Result<void> trustFiles(SSL_CTX* context, const ContextOptions& options) {
  OwnedNames names(sk_X509_NAME_new_null());
  if (!options.caFile.empty()) {
    const char* const file = options.caFile.c_str();
    if (SSL_CTX_load_verify_file(context, file) != 1 ||
        SSL_add_file_cert_subjects_to_stack(names.get(), file) != 1) {
      return notLoaded("OpenSSLCAFile");
    }
  }
  if (!options.caFolder.empty()) {
    const char* const folder = options.caFolder.c_str();
    if (SSL_CTX_load_verify_dir(context, folder) != 1 ||
        SSL_add_dir_cert_subjects_to_stack(names.get(), folder) != 1) {
      return notLoaded("OpenSSLCADir");
    }
  }
  SSL_CTX_set_client_CA_list(context, names.release());
  return {};
}

}  // namespace

Result<void> trustAuthorities(ssl_ctx_st* context, const ContextOptions& options) {
  if (Result<void> done = trustFiles(context, options); !done.ok()) return done;
  if (!options.caCertificates.empty()) {
    if (Result<void> done = trustPem(context, options.caCertificates); !done.ok()) return done;
  }
  const auto bundle = std::ranges::find_if(options.caBundles, [](const std::string& path) {
    std::error_code failure;
    return std::filesystem::is_regular_file(path, failure);
  });
  if (bundle == options.caBundles.end()) return {};
  if (SSL_CTX_load_verify_file(context, bundle->c_str()) != 1) {
    return notLoaded("SSLCACertFilePaths");
  }
  // Too many to name; and naming only the others would have clients send nothing.
  SSL_CTX_set_client_CA_list(context, nullptr);
  return {};
}

std::array<std::uint8_t, 32> authenticationScope(const ContextOptions& options, bool asks) {
  std::string scope = options.authenticateClients ? "clients " : "anyone ";
  if (asks) scope.append("asked ");
  scope.append(std::to_string(options.securityFlags));
  for (const std::string* const part :
       {&options.caCertificates, &options.caFile, &options.caFolder}) {
    scope.append(1, '\0').append(*part);
  }
  for (const std::string& bundle : options.caBundles) scope.append(1, '\0').append(bundle);
  std::array<std::uint8_t, 32> digest;
  EVP_Digest(scope.data(), scope.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

}  // namespace wss::tls
