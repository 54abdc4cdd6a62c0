// SPDX-License-Identifier: MIT

import { addon } from './native.js';
import type { PropertyIndex, PropertyTypes } from './property_types.js';

/** What {@link NativeServer.getProperty} knows a property of a connection by. */
export function propertyIndex<Name extends keyof PropertyTypes>(
  name: Name,
): PropertyIndex<PropertyTypes[Name]> {
  const index = addon.propertyNames.indexOf(name);
  if (index < 0) throw new Error(`The addon has no property ${name}.`);
  return index as PropertyIndex<PropertyTypes[Name]>;
}

/** Those of all properties, in the order of their indices. */
export const propertyIndices = addon.propertyNames.map(propertyIndex);
