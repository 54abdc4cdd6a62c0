// SPDX-License-Identifier: MIT
#include "server/access/host_names.h"

#include <algorithm>
#include <utility>

namespace wss::server {

HostNames::Failures HostNames::know(const std::vector<std::string>& names) {
  Failures failures;
  std::map<std::string, Addresses, std::less<>> known;
  for (const std::string& name : names) {
    if (known.contains(name)) continue;
    if (auto entry = addresses_.extract(name)) {
      known.insert(std::move(entry));
      continue;
    }
    auto found = resolver(name);
    if (!found.ok()) failures.push_back({name, found.error()});
    known.emplace(name, found.ok() ? std::move(found.value()) : Addresses());
  }
  addresses_ = std::move(known);
  return failures;
}

bool HostNames::has(std::string_view name, const net::Address& client) const {
  const auto entry = addresses_.find(name);
  return entry != addresses_.end() &&
         std::ranges::any_of(entry->second, [&](const auto& each) { return each.ip == client.ip; });
}

void HostNames::refresh() {
  if (lookup_ || empty()) return;
  std::vector<std::string> names;
  names.reserve(addresses_.size());
  for (const auto& [name, addresses] : addresses_) names.push_back(name);
  lookup_ = net::Lookup::start(std::move(names), resolver);
}

HostNames::Failures HostNames::takeRefreshed() {
  Failures failures;
  if (!lookup_ || !lookup_->done()) return failures;
  const std::shared_ptr<net::Lookup> lookup = std::exchange(lookup_, nullptr);
  for (std::size_t index = 0; index < lookup->names().size(); ++index) {
    const std::string& name = lookup->names()[index];
    net::Lookup::Found& found = lookup->found()[index];
    const auto entry = addresses_.find(name);
    if (entry == addresses_.end()) continue;  // A setting has changed meanwhile.
    if (found.ok()) {
      entry->second = std::move(found.value());
      continue;
    }
    const ErrorCode code = found.error().code;
    const bool isAnswer = code == ErrorCode::kHostNotFound || code == ErrorCode::kNoAddressForName;
    if (isAnswer) entry->second.clear();
    failures.push_back({name, found.error()});
  }
  return failures;
}

}  // namespace wss::server
