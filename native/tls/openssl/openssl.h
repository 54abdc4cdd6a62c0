// SPDX-License-Identifier: MIT
// OpenSSL's objects with an owner, and its error queue kept clean. Internal to tls/: the headers
// that others include name OpenSSL's types only.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace wss::tls {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};

template <typename T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedX509 = Owned<X509, X509_free>;

/// A chain as OpenSSL wants it, of certificates that belong to somebody else.
inline void freeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
using BorrowedChain = Owned<STACK_OF(X509), freeStack>;

inline BorrowedChain borrow(const std::vector<std::shared_ptr<X509>>& chain) {
  BorrowedChain stack(sk_X509_new_null());
  for (const std::shared_ptr<X509>& certificate : chain) {
    sk_X509_push(stack.get(), certificate.get());
  }
  return stack;
}

/// The queue of errors belongs to the thread: an error that we leave there would be found by Node's
/// own use of OpenSSL, and the other way round.
class CleanErrors {
 public:
  CleanErrors() { ERR_clear_error(); }
  CleanErrors(const CleanErrors&) = delete;
  CleanErrors& operator=(const CleanErrors&) = delete;
  ~CleanErrors() { ERR_clear_error(); }

  /// Why the last operation failed, in OpenSSL's words.
  [[nodiscard]] static std::string reason() {
    const char* const text = ERR_reason_error_string(ERR_peek_last_error());
    return text == nullptr ? "no reason given" : text;
  }
};

/// A BIO that reads `bytes`, which must outlive it.
inline OwnedBio readFrom(Bytes bytes) {
  return OwnedBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// What was written to a memory BIO.
inline std::string textOf(const OwnedBio& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace wss::tls
