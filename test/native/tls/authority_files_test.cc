// SPDX-License-Identifier: MIT
#include "tls/stores/authority_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "folder.h"
#include "tls/formats/formats.h"
#include "tls/stores/store.h"
#include "tls_fixture.h"

namespace wss::tls {
namespace {

using test::Folder;
using test::makeCertificate;

constexpr const char* kSetting = "TheSetting";

/// Those that were found; -1 for error 271, whose sentence names the setting and says `why`.
int counted(Result<std::vector<Certificate::X509>> found, std::string_view why = {}) {
  if (found.ok()) return static_cast<int>(found.value().size());
  CHECK(found.error().code == ErrorCode::kCertificateStoreNotOpened);
  CHECK(found.error().message.find(kSetting) != std::string::npos);
  CHECK_MESSAGE(found.error().message.find(why) != std::string::npos, found.error().message);
  return -1;
}

TEST_CASE("authorities of a file") {
  const Folder folder;
  const std::string one = makeCertificate("one").encoded();
  const std::string two = makeCertificate("two").encoded();
  const auto read = [&](const std::string& text) {
    return readAuthorities(kSetting, folder.write("file.pem", text));
  };
  CHECK(counted(read("# ours\n" + one + "and\n" + two)) == 2);
  CHECK(counted(read(""), "no certificate in PEM") == -1);
  CHECK(counted(read("nothing"), "no certificate in PEM") == -1);
  std::string damaged = two;
  damaged[damaged.size() / 2] = '*';
  CHECK(counted(read(one + damaged), "damaged") == -1);
  std::string many;
  for (std::size_t i = 0; i <= kMaxCertificates; ++i) many.append(one);
  CHECK(counted(read(many), "more than 1000") == -1);
  CHECK(counted(read(std::string(kMaxStoreSize + 1, '\n'))) == -1);
  CHECK(counted(readAuthorities(kSetting, folder.path())) == -1);
  CHECK(counted(readAuthorities(kSetting, folder.file("none"))) == -1);
}

TEST_CASE("authorities of a folder: what openssl rehash has named, and nothing else") {
  const Folder folder;
  CHECK(counted(readAuthorityFolder(kSetting, folder.path())) == 0);
  const std::string one = makeCertificate("one").encoded();
  for (const char* const name : {"0123abcd.0", "0123abcd.1", "FFFFFFFF.12"}) {
    CHECK_FALSE(folder.write(name, one).empty());
  }
  for (const char* const name : {"0123abcd", "0123abcd.", "0123abcd.r0", "0123abcg.0", "0123abcd-0",
                                 "123abcd.0", "README"}) {
    CHECK_FALSE(folder.write(name, "nothing that is read").empty());
  }
  CHECK(counted(readAuthorityFolder(kSetting, folder.path())) == 3);
}

TEST_CASE("a folder with what cannot be read says which file it is") {
  const Folder folder;
  CHECK(counted(readAuthorityFolder(kSetting, folder.file("none")), "No such file") == -1);
  CHECK_FALSE(folder.write("0123abcd.0", "nothing").empty());
  CHECK(counted(readAuthorityFolder(kSetting, folder.path()), "0123abcd.0: ") == -1);
  // Nobody waits for who would write into it.
  REQUIRE(::mkfifo(folder.file("00000000.0").c_str(), 0600) == 0);
  CHECK(counted(readAuthorityFolder(kSetting, folder.path()), "00000000.0: ") == -1);
}

}  // namespace
}  // namespace wss::tls
