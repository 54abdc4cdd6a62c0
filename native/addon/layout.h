// SPDX-License-Identifier: MIT
// The numbers and names of what both sides write into shared memory: see the interface Layout in
// lib/boundary/native.ts, and docs/boundary.md.
#pragma once

#include <napi.h>

namespace wss::addon {

/// One frozen object, all the way down.
Napi::Object layoutOf(Napi::Env env);

}  // namespace wss::addon
