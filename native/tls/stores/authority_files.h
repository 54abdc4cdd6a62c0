// SPDX-License-Identifier: MIT
// The certificates of authorities that settings name by their files. Internal to tls/.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "tls/certificates/certificate.h"

namespace wss::tls {

/// Those in a regular file of PEM, of up to kMaxStoreSize and kMaxCertificates. Error 271, which
/// says that it is of `setting`, when there is none.
Result<std::vector<Certificate::X509>> readAuthorities(const std::string& setting,
                                                       const std::string& file);

/// Those in the files of a folder that are named as OpenSSL looks for them (openssl rehash): eight
/// hexadecimal digits, a dot and a number. Read at once, and not again when something is added.
Result<std::vector<Certificate::X509>> readAuthorityFolder(const std::string& setting,
                                                           const std::string& folder);

}  // namespace wss::tls
