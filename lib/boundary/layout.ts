// SPDX-License-Identifier: MIT
// The numbers of the memory that both sides share, as the addon says them: docs/boundary.md.

import { addon } from './native.js';
import type { Layout } from './native_layout.js';

export const layout: Layout = addon.layout;

/** What records call an event: a name that users know, `Forgotten` or `Settled`. */
export function eventKind(name: string): number {
  const kind = layout.events.findIndex((row) => row.name === name);
  if (kind < 0) throw new Error(`The addon has no event ${name}.`);
  return kind;
}
