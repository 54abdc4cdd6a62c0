// SPDX-License-Identifier: MIT
// Distinguished names as text, in the documented form: "CN=www.example.com, O=Example, C=US". A
// name is whatever who has it wrote into it, so no value can pass for another field, or for more
// text than it is: it is escaped by RFC 4514 §2.4, but that one with a comma is quoted, as is
// documented.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct X509_name_st;

namespace wss::tls {

/// `name` as text, the most specific field first; fields that belong together (RFC 4514 §2.2) are
/// joined by a plus sign. Values that are no text are # and hexadecimal DER.
std::string nameText(const X509_name_st* name);

/// The fields of a name as text, in lower case, without quotes and escapes. What people write is
/// understood as far as it goes: a backslash before anything else is one.
std::vector<std::string> fieldsOf(std::string_view name);

}  // namespace wss::tls
