// SPDX-License-Identifier: MIT
#include "server/listening/address_counts.h"

#include <algorithm>

namespace wss::server {

AddressKey addressKey(const net::Address& address) {
  AddressKey key = address.ip;
  if (!address.isIPv4()) std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
  return key;
}

bool AddressCounts::add(const net::Address& address, int limit) {
  if (address.isUnix) return true;
  int& count = counts_[addressKey(address)];
  if (count >= limit) return false;
  ++count;
  return true;
}

void AddressCounts::setCounting(bool counting) {
  counting_ = counting;
  counts_.clear();
}

void AddressCounts::remove(const net::Address& address) {
  if (address.isUnix) return;
  const auto entry = counts_.find(addressKey(address));
  if (entry != counts_.end() && --entry->second <= 0) counts_.erase(entry);
}

}  // namespace wss::server
