// SPDX-License-Identifier: MIT
// What is read as a certificate store is damaged in every way: it is a store, or an error with a
// sentence that does not have the password. The first byte says the format, and whether there is
// a password.
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../native/support/reference.h"
#include "tls/stores/store.h"

namespace wss::tls {
namespace {

constexpr std::string_view kPassword = "secret";
constexpr std::array kFormats = {Format::kAny, Format::kPem, Format::kPfx, Format::kP7b,
                                 Format::kPublicKey};

void require(bool condition) {
  if (!condition) std::abort();
}

void checkError(const Error& error) {
  require(!error.message.empty());
  require(error.message.find(kPassword) == std::string::npos);
}

void checkFound(const Certificate& certificate) {
  require(certificate.encoded(true).starts_with("-----BEGIN CERTIFICATE-----"));
  require(certificate.chain().size() < kMaxCertificates);
  // What has been written can be read, and selected by its own name.
  const std::string pem = certificate.encoded();
  Result<Contents> again = readStore({Format::kPem, {bytesOf(pem)}, {}});
  require(again.ok());
  const std::string subject = certificate.subject();
  if (subject.empty()) return;
  Result<Certificate> selected = findCertificate(again.value(), subject);
  if (selected.ok()) require(selected.value().subject() == subject);
}

void run(Bytes input) {
  if (input.empty()) return;
  const std::uint8_t choice = input[0];
  test::ExactBuffer bytes(input.subspan(1));
  const std::string_view password = (choice & 0x80) != 0 ? kPassword : std::string_view();
  Result<Contents> read =
      readStore({kFormats[choice % kFormats.size()], {Bytes(bytes.bytes())}, password});
  if (!read.ok()) {
    checkError(read.error());
    return;
  }
  require(!read.value().empty());
  require(read.value().certificates.size() <= kMaxCertificates);
  Result<Certificate> found = findCertificate(read.value(), "*");
  if (found.ok()) {
    checkFound(found.value());
  } else {
    checkError(found.error());
  }
  Result<Certificate> key = findKey(read.value(), bytes.bytes());
  if (!key.ok()) checkError(key.error());
}

}  // namespace
}  // namespace wss::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wss::tls::run({data, size});
  return 0;
}
