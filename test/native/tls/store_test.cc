// SPDX-License-Identifier: MIT
#include "tls/stores/store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tls/formats/formats.h"
#include "tls/formats/password_cost.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::derOf;
using test::makeCertificate;
using test::pemOf;

constexpr std::string_view kPassword = "correct horse";

const Certificate& authority() {
  static const Certificate made = makeCertificate("The Authority");
  return made;
}
const Certificate& leaf() {
  static const Certificate made = makeCertificate("leaf.example", &authority());
  return made;
}

std::vector<std::uint8_t> derOf(const Owned<PKCS12, PKCS12_free>& pfx) {
  unsigned char* der = nullptr;
  const int size = i2d_PKCS12(pfx.get(), &der);
  std::vector<std::uint8_t> bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

/// A PFX of `certificate` with its key and that of its authority.
std::vector<std::uint8_t> pfxOf(const Certificate& certificate, const char* password,
                                int keyCipher = NID_aes_256_cbc, int rounds = 100) {
  const auto chain = borrow({authority().leaf()});
  const Owned<PKCS12, PKCS12_free> pfx(PKCS12_create(password, "name", certificate.key().get(),
                                                     certificate.leaf().get(), chain.get(),
                                                     keyCipher, keyCipher, rounds, rounds, 0));
  REQUIRE(pfx != nullptr);
  return derOf(pfx);
}

/// The same, with so many rounds of its MAC that trying it costs `cost`.
std::vector<std::uint8_t> withMacCost(Bytes bytes, std::uint64_t cost) {
  const unsigned char* at = bytes.data();
  const Owned<PKCS12, PKCS12_free> pfx(d2i_PKCS12(nullptr, &at, static_cast<long>(bytes.size())));
  const X509_ALGOR* digest = nullptr;
  const ASN1_INTEGER* count = nullptr;
  PKCS12_get0_mac(nullptr, &digest, nullptr, &count, pfx.get());
  ASN1_INTEGER_set_uint64(const_cast<ASN1_INTEGER*>(count), cost / macCost(digest, nullptr));
  return derOf(pfx);
}

std::vector<std::uint8_t> keyDer(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(certificate.key().get(), &der);
  std::vector<std::uint8_t> bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

std::vector<std::uint8_t> pkcs7Of(const std::vector<Certificate::X509>& certificates) {
  const Owned<PKCS7, PKCS7_free> pkcs7(PKCS7_new());
  PKCS7_set_type(pkcs7.get(), NID_pkcs7_signed);
  PKCS7_content_new(pkcs7.get(), NID_pkcs7_data);
  for (const auto& certificate : certificates) {
    PKCS7_add_certificate(pkcs7.get(), certificate.get());
  }
  unsigned char* der = nullptr;
  const int size = i2d_PKCS7(pkcs7.get(), &der);
  std::vector<std::uint8_t> bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Result<Contents> read(std::string_view format, std::vector<Bytes> parts,
                      std::string_view password = {}) {
  return readStore({*formatNamed(format), std::move(parts), password});
}

Result<Certificate> find(std::string_view format, Bytes bytes, std::string_view password = {},
                         std::string_view subject = "*") {
  Result<Contents> contents = read(format, {bytes}, password);
  if (!contents.ok()) return contents.error();
  return findCertificate(contents.value(), subject);
}

TEST_CASE("formats have names") {
  for (const std::string_view name : {"any", "pem", "pfx", "p7b", "publicKey"}) {
    CHECK(formatNamed(name).has_value());
  }
  CHECK_FALSE(formatNamed("jks").has_value());
}

TEST_CASE("PEM in any order, with other text between, and on one line") {
  const std::string pem = "Some text.\n" + authority().encoded() + pemOf(leaf().key()) +
                          "\nBag Attributes: none\n" + leaf().encoded();
  std::string oneLine = pem;
  std::ranges::replace(oneLine, '\n', ' ');
  for (const std::string_view form : {"pem", "any"}) {
    for (const std::string& text : {pem, oneLine}) {
      Result<Certificate> found = find(form, bytesOf(text));
      REQUIRE(found.ok());
      CHECK(found.value().subject() == "CN=leaf.example, O=\"Example, Inc.\", C=DE");
      CHECK(found.value().issuer() == "CN=The Authority, O=\"Example, Inc.\", C=DE");
      CHECK(found.value().key() != nullptr);
      REQUIRE(found.value().chain().size() == 1);
      CHECK(found.value().encoded(true).size() >
            found.value().encoded().size() + authority().encoded().size() / 2);
    }
  }
}

TEST_CASE("a PEM key that is locked") {
  const std::string pem = leaf().encoded() + pemOf(leaf().key(), kPassword);
  CHECK(find("pem", bytesOf(pem), kPassword).value().key() != nullptr);
  CHECK(find("pem", bytesOf(pem), "wrong").error().code == ErrorCode::kNoSecurityCredentials);
  CHECK(find("pem", bytesOf(pem)).error().code == ErrorCode::kNoSecurityCredentials);

  const OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey_traditional(memory.get(), leaf().key().get(), EVP_aes_128_cbc(),
                                       bytesOf(kPassword).data(),
                                       static_cast<int>(kPassword.size()), nullptr, nullptr);
  const std::string old = leaf().encoded() + textOf(memory);
  CHECK(find("pem", bytesOf(old), kPassword).value().key() != nullptr);
  CHECK(find("pem", bytesOf(old), "wrong").error().code == ErrorCode::kNoSecurityCredentials);
  CHECK(find("pem", bytesOf(old), std::string(5000, 'x')).error().code ==
        ErrorCode::kNoSecurityCredentials);
}

TEST_CASE("PEM that is damaged, or not ours") {
  const auto codeOf = [](const std::string& text) {
    return find("pem", bytesOf(text)).error().code;
  };
  std::string broken = leaf().encoded();
  broken.replace(60, 6, "!!!!!!");
  CHECK(codeOf(broken) == ErrorCode::kCertificateStoreNotOpened);
  const std::string block = "AAAA\n-----END ";
  for (const std::string name :
       {"CERTIFICATE", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PKCS7", "TRUSTED CERTIFICATE",
        "OPENSSH PRIVATE KEY", "CERTIFICATE REQUEST"}) {
    CHECK(codeOf("-----BEGIN " + name + "-----\n" + block + name + "-----\n") ==
          ErrorCode::kCertificateStoreNotOpened);
  }
  for (const std::string text : {"-----BEGIN ", "-----BEGIN X-----", "-----BEGIN X-----\n-----END ",
                                 "-----END X-----\n-----BEGIN X", "", "hello"}) {
    CHECK(codeOf(text) == ErrorCode::kCertificateStoreNotOpened);
  }
  const std::string header =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ROT13,00\n\nAAAA\n"
      "-----END RSA PRIVATE KEY-----\n";
  CHECK(codeOf(header) == ErrorCode::kCertificateStoreNotOpened);
}

TEST_CASE("DER: a certificate, keys, and parts that belong together") {
  CHECK(find("publicKey", derOf(leaf().leaf())).value().key() == nullptr);
  const std::vector<std::uint8_t> key = keyDer(leaf());
  const std::vector<std::uint8_t> certificate = derOf(leaf().leaf());
  CHECK(find("pem", key).error().code == ErrorCode::kCertificateNotFound);
  Result<Contents> contents = read("any", {Bytes(certificate), Bytes(key)});
  REQUIRE(contents.ok());
  CHECK(findCertificate(contents.value(), "leaf").value().key() != nullptr);

  unsigned char* spki = nullptr;
  const int size = i2d_PUBKEY(leaf().key().get(), &spki);
  CHECK(find("any", Bytes(spki, static_cast<std::size_t>(size)))
            .error()
            .message.find("public key alone") != std::string::npos);
  OPENSSL_free(spki);
}

TEST_CASE("a locked key in DER") {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  i2d_PKCS8PrivateKey_bio(memory.get(), leaf().key().get(), EVP_aes_128_cbc(), kPassword.data(),
                          static_cast<int>(kPassword.size()), nullptr, nullptr);
  const std::string der = textOf(memory);
  CHECK(read("any", {bytesOf(der)}, kPassword).value().keys.size() == 1);
  CHECK(read("any", {bytesOf(der)}, "no").error().code == ErrorCode::kNoSecurityCredentials);
}

TEST_CASE("PFX: passwords, none, and ciphers of old") {
  for (const int cipher : {NID_aes_256_cbc, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                           NID_pbe_WithSHA1And40BitRC2_CBC, -1}) {
    // RC2 is only to be written with OpenSSL's legacy provider.
    if (cipher == NID_pbe_WithSHA1And40BitRC2_CBC) continue;
    const std::vector<std::uint8_t> pfx = pfxOf(leaf(), "secret", cipher);
    for (const std::string_view form : {"pfx", "any"}) {
      Result<Certificate> found = find(form, pfx, "secret");
      REQUIRE(found.ok());
      CHECK(found.value().subject().starts_with("CN=leaf.example"));
      CHECK(found.value().key() != nullptr);
      CHECK(found.value().chain().size() == 1);
    }
    CHECK(find("pfx", pfx, "wrong").error().code == ErrorCode::kNoSecurityCredentials);
  }
  CHECK(find("pfx", pfxOf(leaf(), nullptr)).ok());
  CHECK(find("pfx", pfxOf(leaf(), "")).ok());
  CHECK(find("pfx", bytesOf("hello")).error().code == ErrorCode::kCertificateStoreNotOpened);
}

TEST_CASE("PFX: every byte of it may be wrong") {
  const std::vector<std::uint8_t> pfx = pfxOf(leaf(), "secret", NID_aes_256_cbc, 1);
  for (std::size_t at = 0; at < pfx.size(); at += 3) {
    std::vector<std::uint8_t> changed = pfx;
    changed[at] ^= 0xff;
    Result<Certificate> found = find("pfx", changed, "secret");
    if (!found.ok()) CHECK_FALSE(found.error().message.empty());
    CHECK_FALSE(find("pfx", Bytes(pfx).first(at), "secret").ok());
  }
}

TEST_CASE("a password that would take hours is not tried") {
  const std::vector<std::uint8_t> pfx = pfxOf(leaf(), "secret", NID_aes_256_cbc, 1);
  Contents spent;
  spent.cost = kMaxPasswordCost;
  CHECK(readPfx(pfx, "secret", spent) == Opened::kTooCostly);
  spent.cost = kMaxPasswordCost;
  const std::string pem = pemOf(leaf().key(), kPassword);
  CHECK(readPem(bytesOf(pem), kPassword, spent) == Opened::kTooCostly);
  CHECK(find("pem", bytesOf(pem), kPassword).error().code == ErrorCode::kCertificateNotFound);
}

TEST_CASE("the passwords of a store cost together") {
  const std::vector<std::uint8_t> cheap = pfxOf(leaf(), "secret", NID_aes_256_cbc, 10'000);
  Contents once;
  REQUIRE(readPfx(cheap, "secret", once) == Opened::kDone);
  // It might be tried alone, but not behind the cheap one.
  const std::vector<std::uint8_t> dear = withMacCost(cheap, kMaxPasswordCost - once.cost / 2);
  const Result<Contents> both = read("pfx", {Bytes(cheap), Bytes(dear)}, "secret");
  REQUIRE_FALSE(both.ok());
  CHECK(both.error().message.find("take more than a second") != std::string::npos);
}

std::uint64_t pbkdf2Cost(int prf, int rounds) {
  const Owned<X509_ALGOR, X509_ALGOR_free> made(
      PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), rounds, nullptr, 0, nullptr, prf));
  return passwordCost(made.get());
}

TEST_CASE("what a password costs: its rounds, its hash, and how much is made of it") {
  const std::uint64_t sha256 = pbkdf2Cost(NID_hmacWithSHA256, 1000);
  CHECK(sha256 > 300'000);
  CHECK(pbkdf2Cost(NID_hmacWithSHA256, 2000) == 2 * sha256);
  // Twenty bytes are not enough for a key of thirty-two.
  CHECK(pbkdf2Cost(NID_hmacWithSHA1, 1000) == 2 * sha256);
  CHECK(pbkdf2Cost(NID_hmacWithSHA512, 1000) > 2 * sha256);
  CHECK(pbkdf2Cost(NID_hmacWithSHA256, 0x7fffffff) > kMaxPasswordCost);

  const Owned<ASN1_INTEGER, ASN1_INTEGER_free> count(ASN1_INTEGER_new());
  const Owned<X509_ALGOR, X509_ALGOR_free> digest(X509_ALGOR_new());
  X509_ALGOR_set0(digest.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr);
  ASN1_INTEGER_set_int64(count.get(), 2048);
  CHECK(macCost(digest.get(), count.get()) == 2048 * macCost(digest.get(), nullptr));
  ASN1_INTEGER_set_int64(count.get(), -1);
  CHECK(macCost(digest.get(), count.get()) > kMaxPasswordCost);
  ASN1_INTEGER_set_uint64(count.get(), ~std::uint64_t{0});
  CHECK(macCost(digest.get(), count.get()) > kMaxPasswordCost);
  CHECK(passwordCost(digest.get()) == 0);

  const Owned<X509_ALGOR, X509_ALGOR_free> scrypt(
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, 1U << 14, 8, 1));
  CHECK(passwordCost(scrypt.get()) > 50'000'000);
  CHECK(passwordCost(scrypt.get()) < kMaxPasswordCost);
  const Owned<X509_ALGOR, X509_ALGOR_free> endless(
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, 2, 1U << 15, 1U << 9));
  if (endless != nullptr) CHECK(passwordCost(endless.get()) > kMaxPasswordCost);
  const Owned<X509_ALGOR, X509_ALGOR_free> old(
      PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 777, nullptr, 0));
  // A key of 24 bytes and a vector, from twenty bytes at a time.
  CHECK(passwordCost(old.get()) == 777 * 3 * macCost(digest.get(), nullptr));
}

TEST_CASE("P7B, in DER and PEM") {
  const std::vector<std::uint8_t> der = pkcs7Of({leaf().leaf(), authority().leaf()});
  for (const std::string_view form : {"p7b", "any"}) {
    Result<Certificate> found = find(form, der, {}, "leaf.example");
    REQUIRE(found.ok());
    CHECK(found.value().key() == nullptr);
    CHECK(found.value().chain().size() == 1);
  }
  CHECK(find("p7b", pkcs7Of({})).error().code == ErrorCode::kCertificateStoreNotOpened);
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  PEM_write_bio(memory.get(), PEM_STRING_PKCS7, "", der.data(), static_cast<long>(der.size()));
  CHECK(find("p7b", bytesOf(textOf(memory)), {}, "leaf.example").ok());
}

TEST_CASE("which certificate a subject selects") {
  const std::string pem = authority().encoded() + leaf().encoded() + pemOf(leaf().key());
  const auto found = [&](std::string_view subject) {
    Result<Certificate> result = find("pem", bytesOf(pem), {}, subject);
    return result.ok() ? result.value().subject().substr(3, 4) : "none";
  };
  CHECK(found("*") == "leaf");  // It has a key.
  CHECK(found("CN=The Authority, O=\"Example, Inc.\", C=DE") == "The ");
  CHECK(found("c=de, o=\"example, inc.\",  cn=the authority") == "The ");
  CHECK(found("authority") == "The ");
  CHECK(found("Example, Inc.") == "leaf");
  CHECK(found("nobody") == "none");
  CHECK(found("") == "none");
  CHECK(found("  ") == "none");
}

TEST_CASE("a field of a name that has no name is its number") {
  const Certificate made = makeCertificate("numbered");
  X509_NAME* const subject = X509_get_subject_name(made.leaf().get());
  X509_NAME_add_entry_by_txt(subject, "1.2.3.4", MBSTRING_UTF8, bytesOf("x").data(), 1, -1, 0);
  X509_NAME_add_entry_by_txt(subject, "ST", MBSTRING_UTF8, bytesOf("y").data(), 1, -1, 0);
  CHECK(made.subject() == "S=y, 1.2.3.4=x, CN=numbered, O=\"Example, Inc.\", C=DE");
}

TEST_CASE("a certificate and its key from two places") {
  const std::string keys = pemOf(leaf().key()) + authority().encoded();
  Result<Contents> contents = read("pem", {bytesOf(keys)});
  REQUIRE(contents.ok());
  const std::string encoded = leaf().encoded();
  Result<Certificate> found = findKey(contents.value(), bytesOf(encoded));
  REQUIRE(found.ok());
  CHECK(found.value().key() != nullptr);
  CHECK(found.value().chain().size() == 1);
  const std::string other = makeCertificate("other").encoded();
  CHECK(findKey(contents.value(), bytesOf(other)).error().code == ErrorCode::kCertificateNotFound);
  CHECK(findKey(contents.value(), bytesOf("x")).error().code == ErrorCode::kCertificateNotFound);
}

TEST_CASE("more than a store may have") {
  const std::string certificate = leaf().encoded();
  const std::string key = pemOf(leaf().key());
  std::string pem;
  for (std::size_t i = 0; i <= kMaxCertificates; ++i) pem += certificate;
  CHECK(find("pem", bytesOf(pem)).error().code == ErrorCode::kCertificateStoreNotOpened);
  pem.clear();
  for (std::size_t i = 0; i <= kMaxKeys; ++i) pem += key;
  CHECK(find("pem", bytesOf(pem)).error().code == ErrorCode::kCertificateStoreNotOpened);
}

TEST_CASE("one more than a store may have is not decoded, whatever the format") {
  Contents full;
  full.certificates.assign(kMaxCertificates, leaf().leaf());
  full.keys.assign(kMaxKeys, leaf().key());
  const auto opened = [&](auto reader, Bytes bytes, std::string_view password = {}) {
    Contents contents = full;
    const Opened result = reader(bytes, password, contents);
    CHECK(contents.certificates.size() == kMaxCertificates);
    CHECK(contents.keys.size() == kMaxKeys);
    return result;
  };
  const auto pkcs7 = [](Bytes bytes, std::string_view, Contents& contents) {
    return readPkcs7(bytes, contents);
  };
  CHECK(opened(readPem, bytesOf(leaf().encoded())) == Opened::kTooMany);
  CHECK(opened(readPem, bytesOf(pemOf(leaf().key()))) == Opened::kTooMany);
  CHECK(opened(readPem, bytesOf(pemOf(leaf().key(), kPassword)), kPassword) == Opened::kTooMany);
  CHECK(opened(readDer, derOf(leaf().leaf())) == Opened::kTooMany);
  CHECK(opened(readDer, keyDer(leaf())) == Opened::kTooMany);
  CHECK(opened(pkcs7, pkcs7Of({leaf().leaf()})) == Opened::kTooMany);
  CHECK(opened(readPfx, pfxOf(leaf(), "secret"), "secret") == Opened::kTooMany);
}

TEST_CASE("all parts together have a bound") {
  const std::vector<std::uint8_t> part(kMaxStoreSize / 2 + 1);
  CHECK(read("any", {Bytes(part), Bytes(part)}).error().message.find("4 MiB") != std::string::npos);
}

}  // namespace
}  // namespace wss::tls
