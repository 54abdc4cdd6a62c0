// SPDX-License-Identifier: MIT
#include "tls/stores/authority_files.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "tls/formats/formats.h"
#include "tls/stores/store.h"

namespace wss::tls {
namespace {

/// More than any folder of authorities has.
constexpr std::size_t kMaxEntries = 10'000;

Error notLoaded(const std::string& setting, std::string_view why) {
  return makeError(ErrorCode::kCertificateStoreNotOpened,
                   std::string(setting)
                       .append(" names no certificates that can be read: ")
                       .append(why)
                       .append("."));
}

bool isHashName(std::string_view name) {
  constexpr std::size_t kDigits = 8;
  if (name.size() < kDigits + 2 || name[kDigits] != '.') return false;
  const std::string_view hash = name.substr(0, kDigits);
  return hash.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos &&
         name.find_first_not_of("0123456789", kDigits + 1) == std::string_view::npos;
}

/// Adds what is in `file` to `contents`; the sentence that says why that is nothing, or an empty
/// one.
std::string add(const std::string& file, Contents& contents) {
  Result<File> opened = File::open(file);
  if (!opened.ok()) return opened.error().message;
  Result<std::vector<std::uint8_t>> bytes = opened.value().read(kMaxStoreSize);
  if (!bytes.ok()) return bytes.error().message;
  const std::size_t before = contents.certificates.size();
  const Opened read = readPem(bytes.value(), {}, contents);
  if (read == Opened::kTooMany) return "There are more than 1000";
  const bool found = read == Opened::kDone && contents.certificates.size() > before;
  return found ? "" : "There is no certificate in PEM, or a damaged one";
}

}  // namespace

Result<std::vector<Certificate::X509>> readAuthorities(const std::string& setting,
                                                       const std::string& file) {
  Contents contents;
  contents.withoutKeys = true;
  if (const std::string why = add(file, contents); !why.empty()) return notLoaded(setting, why);
  return std::move(contents.certificates);
}

Result<std::vector<Certificate::X509>> readAuthorityFolder(const std::string& setting,
                                                           const std::string& folder) {
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  std::vector<std::string> files;
  for (std::size_t seen = 0; !failure && entry != std::filesystem::directory_iterator(); ++seen) {
    if (seen == kMaxEntries) return notLoaded(setting, "There are too many files in the folder");
    if (isHashName(entry->path().filename().string())) files.push_back(entry->path().string());
    entry.increment(failure);
  }
  if (failure) return notLoaded(setting, failure.message());
  std::ranges::sort(files);  // The same order every time.
  Contents contents;
  contents.withoutKeys = true;
  for (const std::string& file : files) {
    if (const std::string why = add(file, contents); !why.empty()) {
      return notLoaded(setting, std::filesystem::path(file).filename().string() + ": " + why);
    }
  }
  return std::move(contents.certificates);
}

}  // namespace wss::tls
