// SPDX-License-Identifier: MIT
#include "tls/certificates/distinguished_name.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "tls/openssl/openssl.h"

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

constexpr std::string_view kDigits = "0123456789ABCDEF";

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

void appendHex(std::string& text, unsigned char byte) {
  text.push_back(kDigits[byte >> 4]);
  text.push_back(kDigits[byte & 0xF]);
}

/// Nothing when it is no text.
std::optional<std::string> utf8Of(const ASN1_STRING* value) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return std::nullopt;
  std::string copy(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

std::string hexOf(const ASN1_STRING* value) {
  ASN1_TYPE any;
  any.type = ASN1_STRING_type(value);
  any.value.asn1_string = const_cast<ASN1_STRING*>(value);  // It is only read.
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_TYPE(&any, &der);
  std::string text = "#";
  for (int at = 0; at < size; ++at) appendHex(text, der[at]);
  OPENSSL_free(der);
  return text;
}

/// How many bytes at the start of `text` are a control character of Unicode: 0, 1 or 2.
std::size_t controlSize(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7F) return 1;
  const bool isC1 = first == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0;
  return isC1 ? 2 : 0;
}

std::string escaped(std::string_view value) {
  const bool quotes = value.find(',') != std::string_view::npos;
  const std::string_view special = quotes ? "\"\\" : "\"+\\<>;";
  std::string text = quotes ? "\"" : "";
  for (std::size_t at = 0; at < value.size(); ++at) {
    const char c = value[at];
    const bool isEdge = (at == 0 && (c == '#' || c == ' ')) || (at + 1 == value.size() && c == ' ');
    if (const std::size_t size = controlSize(value.substr(at)); size > 0) {
      for (const char byte : value.substr(at, size)) {
        text.push_back('\\');
        appendHex(text, static_cast<unsigned char>(byte));
      }
      at += size - 1;
      continue;
    }
    if (special.find(c) != std::string_view::npos || (isEdge && !quotes)) text.push_back('\\');
    text.push_back(c);
  }
  return quotes ? text + '"' : text;
}

std::string valueText(const ASN1_STRING* value) {
  const std::optional<std::string> text = utf8Of(value);
  return text ? escaped(*text) : hexOf(value);
}

int digitOf(char c) {
  const std::size_t at = kDigits.find(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Takes the escape at the start of `rest`, which is a backslash.
char takeEscaped(std::string_view& rest) {
  constexpr std::string_view kEscaped = ",+\"\\<>;=# ";
  if (rest.size() > 2 && digitOf(rest[1]) >= 0 && digitOf(rest[2]) >= 0) {
    const int byte = digitOf(rest[1]) << 4 | digitOf(rest[2]);
    rest.remove_prefix(3);
    return static_cast<char>(byte);
  }
  const bool escapes = rest.size() > 1 && kEscaped.find(rest[1]) != std::string_view::npos;
  const char c = rest[escapes ? 1 : 0];
  rest.remove_prefix(escapes ? 2 : 1);
  return c;
}

std::string fieldFrom(std::string_view text) { return lowerCase(trimmed(text, kWhiteSpace)); }

}  // namespace

std::string nameText(const X509_name_st* name) {
  std::string text;
  int set = -1;
  // Certificates begin with the country; people with the name.
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    if (!text.empty()) text += X509_NAME_ENTRY_set(entry) == set ? "+" : ", ";
    set = X509_NAME_ENTRY_set(entry);
    text += fieldName(X509_NAME_ENTRY_get_object(entry));
    text += '=';
    text += valueText(X509_NAME_ENTRY_get_data(entry));
  }
  return text;
}

std::vector<std::string> fieldsOf(std::string_view name) {
  std::vector<std::string> fields;
  std::string field;
  bool inQuotes = false;
  while (!name.empty()) {
    const char c = name.front();
    if (c == '\\') {
      field.push_back(takeEscaped(name));
      continue;
    }
    name.remove_prefix(1);
    if (c == '"') {
      // Twice within quotes is once, too.
      if (inQuotes && name.starts_with('"')) {
        field.push_back('"');
        name.remove_prefix(1);
      } else {
        inQuotes = !inQuotes;
      }
    } else if (c == ',' && !inQuotes) {
      fields.push_back(fieldFrom(field));
      field.clear();
    } else {
      field.push_back(c);
    }
  }
  fields.push_back(fieldFrom(field));
  return fields;
}

}  // namespace wss::tls
