// SPDX-License-Identifier: MIT
// What certificates are called, whatever somebody has written into them.
#include "tls/certificates/distinguished_name.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls_fixture.h"

namespace wss::test {
namespace {

using tls::fieldsOf;
using tls::nameText;
using Name = std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)>;

Name makeName() { return {X509_NAME_new(), X509_NAME_free}; }

void add(const Name& name, std::string_view value, int type = MBSTRING_UTF8, int set = 0) {
  REQUIRE(X509_NAME_add_entry_by_txt(name.get(), "CN", type, bytesOf(value).data(),
                                     static_cast<int>(value.size()), -1, set) == 1);
}

std::string textOfOne(std::string_view value, int type = MBSTRING_UTF8) {
  const Name name = makeName();
  add(name, value, type);
  return nameText(name.get());
}

TEST_CASE("values of names are escaped") {
  struct Row {
    std::string_view value;
    std::string_view text;
  };
  for (const Row& row : {
           Row{"www.example.com", "CN=www.example.com"},
           {"Zoë 好", "CN=Zoë 好"},
           {"a = b", "CN=a = b"},
           {"a#b c", "CN=a#b c"},
           // RFC 4514 §2.4.
           {"a+b\\c<d>e;f\"g", "CN=a\\+b\\\\c\\<d\\>e\\;f\\\"g"},
           {"#x", "CN=\\#x"},
           {" x ", "CN=\\ x\\ "},
           {" ", "CN=\\ "},
           {std::string_view("a\0b", 3), "CN=a\\00b"},
           {"a\r\nb\x7F", "CN=a\\0D\\0Ab\\7F"},
           {"a\xC2\x9Bz", "CN=a\\C2\\9Bz"},
           // As is documented.
           {"Example, Inc.", "CN=\"Example, Inc.\""},
           {"a, \"b\" \\ #+", "CN=\"a, \\\"b\\\" \\\\ #+\""},
           {"x, O=y", "CN=\"x, O=y\""},
           {std::string_view("x,\0", 3), "CN=\"x,\\00\""},
       }) {
    CHECK(textOfOne(row.value) == row.text);
  }
  CHECK(textOfOne("ab", V_ASN1_BIT_STRING) == "CN=#0303016162");
  CHECK(textOfOne("a\xE4", V_ASN1_T61STRING) == "CN=aä");
  CHECK(textOfOne("\xFF\xFE", V_ASN1_UTF8STRING) == "CN=#0C02FFFE");

  const Name name = makeName();
  add(name, "a");
  add(name, "b");
  add(name, "c", MBSTRING_UTF8, -1);
  CHECK(nameText(name.get()) == "CN=c+CN=b, CN=a");
}

TEST_CASE("the documented fields have their documented names") {
  const Name name = makeName();
  for (const char* const field : {"CN", "O", "OU", "L", "ST", "C", "emailAddress"}) {
    const std::string value = std::string(field) == "C" ? "DE" : "x";
    REQUIRE(X509_NAME_add_entry_by_txt(name.get(), field, MBSTRING_UTF8, bytesOf(value).data(), -1,
                                       -1, 0) == 1);
  }
  CHECK(nameText(name.get()) == "E=x, C=DE, S=x, L=x, OU=x, O=x, CN=x");
}

TEST_CASE("what is escaped is read again") {
  for (const std::string_view value :
       {std::string_view("a\0b", 3), std::string_view("x, o=y\""), std::string_view("c:\\dir\\ad"),
        std::string_view("#1;2<3>4+5=6"), std::string_view("zoë")}) {
    CHECK(fieldsOf(textOfOne(value)) == std::vector<std::string>{"cn=" + std::string(value)});
  }
  CHECK(fieldsOf(" CN=a ,O = b") == std::vector<std::string>{"cn=a", "o = b"});
  CHECK(fieldsOf("O=\"a \"\"b\"\", c\", C=d") == std::vector<std::string>{"o=a \"b\", c", "c=d"});
  CHECK(fieldsOf("O=a\\, b") == std::vector<std::string>{"o=a, b"});
  CHECK(fieldsOf("a\\user\\") == std::vector<std::string>{"a\\user\\"});
  CHECK(fieldsOf("") == std::vector<std::string>{""});
}

TEST_CASE("a subject is found however it is written") {
  const Certificate odd = makeCertificate("DOMAIN\\administrator+1, \"x\"");
  const std::vector<Certificate> candidates = {makeCertificate("other"), odd};
  for (const std::string& wanted :
       {odd.subject(), std::string("DOMAIN\\administrator"), std::string("domain\\\\admin"),
        std::string("administrator+1, \\\"x\\\""),
        std::string("C=DE, O=Example\\, Inc., CN=DOMAIN\\\\administrator\\+1\\2C \\\"x\\\"")}) {
    const Certificate* const found = findSubject(candidates, wanted);
    CHECK((found != nullptr && found->subject() == odd.subject()));
  }
}

}  // namespace
}  // namespace wss::test
