// SPDX-License-Identifier: MIT
#include "net/lookup.h"

#include <pthread.h>

#include <utility>

namespace wss::net {

std::shared_ptr<Lookup> Lookup::start(std::vector<std::string> names, Resolver resolver) {
  std::shared_ptr<Lookup> lookup(new Lookup(std::move(names), resolver));
  // Handed over to the thread, which is its only owner from then on.
  auto* const own = new std::shared_ptr<Lookup>(lookup);
  // Not std::thread, which throws where there is none left.
  pthread_t thread{};
  if (::pthread_create(&thread, nullptr, &Lookup::run, own) != 0) {
    delete own;
    return nullptr;
  }
  ::pthread_detach(thread);
  return lookup;
}

void* Lookup::run(void* self) {
  const std::unique_ptr<std::shared_ptr<Lookup>> own(static_cast<std::shared_ptr<Lookup>*>(self));
  Lookup& lookup = **own;
  for (const std::string& name : lookup.names_) lookup.found_.push_back(lookup.resolver_(name));
  lookup.done_.store(true, std::memory_order_release);
  return nullptr;
}

}  // namespace wss::net
