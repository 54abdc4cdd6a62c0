// SPDX-License-Identifier: MIT
// From a certificate store, as the documented properties name it, to what the core reads.

import { Secrets } from '../base/secrets.js';
import { decodeBase64, isBase64 } from './formats/base64.js';
import { notOpened } from './formats/failure.js';
import { isRegularFile, MAX_STORE_SIZE, readStoreFile } from './store_file.js';
import { type CertStoreType, type Contents, recognise, storeTypes } from './store_type.js';

/** What is in Base64, if it is, and something that is known; else `bytes` themselves. */
export function withoutBase64(bytes: Uint8Array): Uint8Array {
  if (recognise(bytes) !== undefined || !isBase64(bytes)) return bytes;
  const decoded = decodeBase64(bytes);
  return recognise(decoded) === undefined ? bytes : decoded;
}

/** @throws 271 when there is no such type */
export function requireType(type: unknown): asserts type is CertStoreType {
  if (typeof type !== 'number') throw notOpened('The type of a store is a number.');
  if (!Object.hasOwn(storeTypes, type)) throw notOpened(`There is no type ${type} of stores.`);
}

/**
 * Calls `use` with the contents of `store`: a path, or bytes, maybe in Base64. What has been read
 * is wiped afterwards; what was given is not touched.
 * @throws 271 when it cannot be opened, 273 when the password is wrong
 */
export function useStore<Value>(
  type: CertStoreType,
  store: Uint8Array,
  password: string,
  use: (contents: Contents) => Value,
): Value {
  requireType(type);
  const row = storeTypes[type];
  if (store.length === 0) throw notOpened('No store has been given; set SSLCertStore.');
  if (row.store === 'name') return use(row.read(store, password, new Secrets()));
  const isFile = row.store === 'file' || (row.store === 'either' && isRegularFile(store));
  if (!isFile && store.length > MAX_STORE_SIZE) {
    throw notOpened('It is larger than the 4 MiB that a store may have.');
  }
  const secrets = new Secrets();
  try {
    const bytes = secrets.hold(isFile ? readStoreFile(store) : Uint8Array.from(store));
    const plain = secrets.hold(withoutBase64(bytes));
    const contents = row.read(plain, password, secrets);
    for (const part of contents.parts) secrets.hold(part);
    return use(contents);
  } finally {
    secrets.wipe();
  }
}
