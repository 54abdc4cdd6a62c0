// SPDX-License-Identifier: MIT
#include "tls/authorities.h"

#include <algorithm>
#include <filesystem>
#include <string>

#include "tls/authority_files.h"
#include "tls/formats.h"
#include "tls/openssl.h"

namespace wss::tls {
namespace {

/// Trusts `authorities`, and names them to clients if they are few.
void trust(SSL_CTX* context, const std::vector<Certificate::X509>& authorities, bool named) {
  for (const Certificate::X509& authority : authorities) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    if (named) SSL_CTX_add_client_CA(context, authority.get());
  }
}

Result<void> trustPem(SSL_CTX* context, std::string_view pem) {
  Contents contents;
  if (readPem(bytesOf(pem), {}, contents) != Opened::kDone || contents.certificates.empty()) {
    return makeError(ErrorCode::kCertificateStoreNotOpened, "SSLCACerts holds no certificates.");
  }
  trust(context, contents.certificates, true);
  return {};
}

Result<void> trustFiles(SSL_CTX* context, const ContextOptions& options) {
  SSL_CTX_set_client_CA_list(context, sk_X509_NAME_new_null());
  if (!options.caFile.empty()) {
    auto found = readAuthorities("OpenSSLCAFile", options.caFile);
    if (!found.ok()) return found.error();
    trust(context, found.value(), true);
  }
  if (!options.caFolder.empty()) {
    auto found = readAuthorityFolder("OpenSSLCADir", options.caFolder);
    if (!found.ok()) return found.error();
    trust(context, found.value(), true);
  }
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
  auto found = readAuthorities("SSLCACertFilePaths", *bundle);
  if (!found.ok()) return found.error();
  trust(context, found.value(), false);
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
