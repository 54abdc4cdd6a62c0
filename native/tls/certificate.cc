// SPDX-License-Identifier: MIT
#include "tls/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tls/openssl.h"

namespace wss::tls {
namespace {

struct FieldRow {
  int nid;
  std::string_view name;
};

/// Where the documented abbreviation is not OpenSSL's.
constexpr FieldRow kFields[] = {
    {NID_stateOrProvinceName, "S"},
    {NID_pkcs9_emailAddress, "E"},
};

std::string fieldName(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  for (const FieldRow& row : kFields) {
    if (row.nid == nid) return std::string(row.name);
  }
  if (nid != NID_undef) return OBJ_nid2sn(nid);
  std::array<char, 128> digits;
  OBJ_obj2txt(digits.data(), static_cast<int>(digits.size()), object, 1);
  return digits.data();
}

std::string utf8Of(const ASN1_STRING* value) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return {};
  std::string copy(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

std::string quoted(std::string value) {
  if (value.find_first_of(",\"") == std::string::npos) return value;
  std::string text = "\"";
  for (const char c : value) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(), lower);
  return copy;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// The fields of a name as text, in lower case; commas within quotes are no ends.
std::vector<std::string> fieldsOf(std::string_view name) {
  std::vector<std::string> fields;
  bool inQuotes = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= name.size(); ++at) {
    const bool atEnd = at == name.size();
    if (!atEnd && name[at] == '"') inQuotes = !inQuotes;
    if (!atEnd && (name[at] != ',' || inQuotes)) continue;
    fields.push_back(lowered(trimmed(name.substr(begin, at - begin))));
    begin = at + 1;
  }
  return fields;
}

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

std::string nameText(const X509_name_st* name) {
  std::string text;
  // Certificates begin with the country; people with the name.
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    if (!text.empty()) text += ", ";
    text += fieldName(X509_NAME_ENTRY_get_object(entry));
    text += '=';
    text += quoted(utf8Of(X509_NAME_ENTRY_get_data(entry)));
  }
  return text;
}

const Certificate* findSubject(const std::vector<Certificate>& candidates,
                               std::string_view wanted) {
  wanted = trimmed(wanted);
  if (candidates.empty() || wanted.empty()) return nullptr;
  if (wanted == "*") return candidates.data();

  const std::vector<std::string> forward = fieldsOf(wanted);
  const std::vector<std::string> backward(forward.rbegin(), forward.rend());
  for (const Certificate& candidate : candidates) {
    const std::vector<std::string> fields = fieldsOf(candidate.subject());
    if (fields == forward || fields == backward) return &candidate;
  }
  const std::string part = joined(forward);
  for (const Certificate& candidate : candidates) {
    if (joined(fieldsOf(candidate.subject())).find(part) != std::string::npos) return &candidate;
  }
  return nullptr;
}

}  // namespace wss::tls
