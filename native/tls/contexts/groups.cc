// SPDX-License-Identifier: MIT
#include "tls/contexts/groups.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <iterator>

#include "tls/openssl/client_hello.h"
#include "tls/openssl/names.h"

namespace wss::tls {
namespace {

/// A post-quantum and a classical exchange together: the later OpenSSL has them.
constexpr std::string_view kHybrids[] = {"X25519MLKEM768", "SecP256r1MLKEM768",
                                         "SecP384r1MLKEM1024"};

bool isMissing(SSL_CTX* context, const std::string& name) {
  return std::ranges::find(kHybrids, name) != std::end(kHybrids) &&
         SSL_CTX_set1_groups_list(context, name.c_str()) != 1;
}

}  // namespace

Result<std::vector<Group>> setGroups(ssl_ctx_st* context, std::string_view list) {
  const std::string wanted = openSslGroups(list);
  if (wanted.empty()) return std::vector<Group>();
  std::string names;
  std::vector<Group> groups;
  for (const std::string_view item : itemsOf(wanted)) {
    const std::string name(item);
    if (isMissing(context, name)) continue;
    names.append(names.empty() ? "" : ":").append(name);
    if (const std::uint16_t number = groupNumber(name); number != 0)
      groups.push_back({number, name});
  }
  if (names.empty() || SSL_CTX_set1_groups_list(context, names.c_str()) != 1) {
    return makeError(ErrorCode::kInvalidArgument,
                     "Supported groups: OpenSSL does not know one of " + wanted + ".");
  }
  // OpenSSL's own marks (3.5) say more than an order.
  if (names.find_first_of("?*/") != std::string::npos) groups.clear();
  return groups;
}

void preferGroup(ssl_st* ssl, std::span<const Group> groups) {
  const OfferedGroups offered = readOfferedGroups(ssl);
  const auto wanted = std::ranges::find_if(groups, [&](const Group& group) {
    return std::ranges::find(offered.supported, group.number) != offered.supported.end();
  });
  if (!offered.isTls13 || wanted == groups.end()) return;
  const auto first = std::ranges::find_if(offered.shares, [&](std::uint16_t number) {
    return std::ranges::find(groups, number, &Group::number) != groups.end();
  });
  if (first != offered.shares.end() && *first == wanted->number) return;
  SSL_set1_groups_list(ssl, wanted->name.c_str());
}

}  // namespace wss::tls
