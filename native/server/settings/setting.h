// SPDX-License-Identifier: MIT
// A row of the settings table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "server/settings/options.h"

namespace wss::server {

/// A row: what there is to say about one setting.
struct Setting {
  using Field = std::variant<bool Options::*, int Options::*, std::string Options::*>;

  std::string_view name;
  Field field;
  std::int64_t min = 0;   ///< least value of a number, or size of a text
  std::int64_t max = 0;   ///< greatest value of a number, or size of a text
  bool property = false;  ///< a property of WSServer rather than a configuration setting
  bool readOnly = false;
  /// The error of changing it while listening; 0 when it may change at any time.
  int lockedError = 0;
  /// What a value must be that is of the right type and within its range; null: nothing else.
  bool (*isValid)(std::string_view value) = nullptr;
  std::string_view form = {};               ///< what isValid() wants, in words
  bool tls = false;                         ///< takes effect through a new tls::Context
  std::string_view doc = {};                ///< one sentence, with the unit
  std::string_view documentedDefault = {};  ///< only where ours differs on purpose
  std::string_view inert = {};  ///< why it has no effect here, after a colon; empty: it has one
};

}  // namespace wss::server
