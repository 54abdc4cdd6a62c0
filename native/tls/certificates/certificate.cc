// SPDX-License-Identifier: MIT
#include "tls/certificates/certificate.h"

#include <openssl/pem.h>

#include <utility>

#include "base/text.h"
#include "tls/certificates/distinguished_name.h"
#include "tls/openssl/openssl.h"

namespace wss::tls {
namespace {

std::string joined(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text.append(text.empty() ? "" : ", ").append(field);
  return text;
}

}  // namespace

Certificate::Certificate(X509 leaf, Key key, std::vector<X509> chain)
    : leaf_(std::move(leaf)), key_(std::move(key)), chain_(std::move(chain)) {}

std::string Certificate::subject() const { return nameText(X509_get_subject_name(leaf_.get())); }

std::string Certificate::issuer() const { return nameText(X509_get_issuer_name(leaf_.get())); }

std::string Certificate::encoded(bool withChain) const {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), leaf_.get());
  if (withChain) {
    for (const X509& certificate : chain_) PEM_write_bio_X509(memory.get(), certificate.get());
  }
  return textOf(memory);
}

const Certificate* findSubject(const std::vector<Certificate>& candidates,
                               std::string_view wanted) {
  wanted = trimmed(wanted, kWhiteSpace);
  if (candidates.empty() || wanted.empty()) return nullptr;
  if (wanted == "*") return candidates.data();

  const std::vector<std::string> forward = fieldsOf(wanted);
  const std::vector<std::string> backward(forward.rbegin(), forward.rend());
  for (const Certificate& candidate : candidates) {
    const std::vector<std::string> fields = fieldsOf(candidate.subject());
    if (fields == forward || fields == backward) return &candidate;
  }
  // What looks like an escape may have been meant as it stands.
  const std::string parts[] = {joined(forward), lowerCase(wanted)};
  for (const Certificate& candidate : candidates) {
    const std::string text = joined(fieldsOf(candidate.subject()));
    for (const std::string& part : parts) {
      if (text.find(part) != std::string::npos) return &candidate;
    }
  }
  return nullptr;
}

}  // namespace wss::tls
