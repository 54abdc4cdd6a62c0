// SPDX-License-Identifier: MIT
// A certificate with what belongs to it: the chain up to its authority and, maybe, its private key.
// A value: copies share OpenSSL's objects, which are counted and never change. The private key
// leaves it for nobody but OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;
struct evp_pkey_st;

namespace wss::tls {

class Certificate {
 public:
  using X509 = std::shared_ptr<x509_st>;
  using Key = std::shared_ptr<evp_pkey_st>;

  /// `key` may be null; otherwise it is that of `leaf`. `chain` is in order, without the leaf.
  explicit Certificate(X509 leaf, Key key = nullptr, std::vector<X509> chain = {});

  [[nodiscard]] const X509& leaf() const { return leaf_; }
  [[nodiscard]] const Key& key() const { return key_; }
  [[nodiscard]] const std::vector<X509>& chain() const { return chain_; }

  /// The distinguished name, the most specific field first: "CN=www.example.com, O=Example, C=US".
  /// See tls/certificates/distinguished_name.h.
  [[nodiscard]] std::string subject() const;
  [[nodiscard]] std::string issuer() const;
  /// PEM of the certificate, followed by that of its chain if that is wanted.
  [[nodiscard]] std::string encoded(bool withChain = false) const;

 private:
  X509 leaf_;
  Key key_;
  std::vector<X509> chain_;
};

/// Which of `candidates` the documented search chooses: the one whose subject is `wanted`, else the
/// first whose subject contains it; "*" is the first. Case and the spaces around commas do not
/// count, and the fields may be in either order. Null when none fits.
const Certificate* findSubject(const std::vector<Certificate>& candidates, std::string_view wanted);

}  // namespace wss::tls
