// SPDX-License-Identifier: MIT
#include "tls/contexts/authorities.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tls/formats/formats.h"
#include "tls/openssl/openssl.h"
#include "tls/stores/authority_files.h"

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

Scope digestOf(std::string_view bytes) {
  Scope digest;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

/// The digests of the authorities in `context`, whatever they were read from and in which order.
std::string loaded(const SSL_CTX* context) {
  std::set<std::string> digests;
  const STACK_OF(X509_OBJECT)* const objects =
      X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    const X509* const authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (authority == nullptr) continue;
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    X509_digest(authority, EVP_sha256(), reinterpret_cast<unsigned char*>(digest.data()), &size);
    digests.insert(digest.substr(0, size));
  }
  std::string all;
  for (const std::string& digest : digests) all.append(digest);
  return all;
}

/// The names in `folder`, from which OpenSSL reads when it needs to, with the digests of what they
/// hold.
std::string contentsOf(const std::string& folder) {
  std::set<std::string> files;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code unreadable;
    if (!at->is_regular_file(unreadable)) continue;
    std::ifstream file(at->path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const Scope digest = digestOf(bytes);
    std::string line = at->path().filename().string();
    files.insert(line.append(1, '\0').append(digest.begin(), digest.end()));
  }
  std::string all;
  for (const std::string& file : files) all.append(file);
  return all;
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

Scope authenticationScope(const ssl_ctx_st* context, const ContextOptions& options, bool asks) {
  std::string scope = options.authenticateClients ? "clients " : "anyone ";
  if (asks) scope.append("asked ");
  scope.append(std::to_string(options.securityFlags)).append(1, '\0');
  if (options.authenticateClients) {
    scope.append(loaded(context)).append(contentsOf(options.caFolder));
  }
  return digestOf(scope);
}

}  // namespace wss::tls
