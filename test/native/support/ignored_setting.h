// SPDX-License-Identifier: MIT
// A server that takes no notice of one setting, to see which tests do: tools/mutate_settings.js.
#pragma once

#include <cstdlib>
#include <variant>

#include "server/settings/settings.h"
#include "wire.h"

namespace wss::test {

/// Gives the setting that the environment has in IGNORED_SETTING, if any, its default again.
inline void ignoreSetting(server::Options& options) {
  static const char* const name = std::getenv("IGNORED_SETTING");
  if (name == nullptr) return;
  static const server::Setting* const row = server::findSetting(name);
  mustBe(row != nullptr, "no such setting");
  static const server::Options defaults;
  std::visit([&](auto field) { options.*field = defaults.*field; }, row->field);
}

}  // namespace wss::test
