// SPDX-License-Identifier: MIT

import { native } from './native.js';

/** What {@link NativeServer.getProperty} knows a documented property of a connection by. */
export function propertyIndex(name: string): number {
  const index = native.propertyNames.indexOf(name);
  if (index < 0) throw new Error(`The addon has no property ${name}.`);
  return index;
}
