// SPDX-License-Identifier: MIT
// What code for the native component says and asks about the product itself.

import { packageJson } from '../base/package_root.js';

/** Nothing here needs a key: what is set is kept, without effect. */
export const productProperties = {
  RuntimeLicense: { member: 'runtimeLicense', type: 'string', access: 'rw' },
} as const;

export type ProductRows = typeof productProperties;

class Product {
  runtimeLicense = '';
}

// Not in the servers, so that nobody who looks at one sees a key.
const products = new WeakMap<object, Product>();

/** The product as `server` knows it. */
export function productOf(server: object): Product {
  const product = products.get(server) ?? new Product();
  products.set(server, product);
  return product;
}

/** The version of this package. */
export function productVersion(): string {
  return packageJson().version;
}
