// SPDX-License-Identifier: MIT
// The errors of certificate stores. Their messages quote nothing of a store: not its name, which may
// be the contents by mistake, and not the messages of parsers, which quote what they were given.

import { errors, type WSServerError } from '../../base/errors.js';

/** 271: `detail` is a sentence that says why, and what to do. */
export function notOpened(detail: string): WSServerError {
  return errors.certificateStoreNotOpened(detail);
}

/** As many as the core takes of a store (native/tls/formats/formats.h). */
const MAX_CERTIFICATES = 1000;
const MAX_KEYS = 100;

/** @throws 271 when a store has more certificates or private keys than anybody can use */
export function requireFew(certificates: number, keys = 0): void {
  if (certificates > MAX_CERTIFICATES || keys > MAX_KEYS) {
    throw notOpened('It holds more than 1000 certificates or 100 keys.');
  }
}

/** @throws 271 when a text is larger than any that is needed; `what` says of what it is */
export function requireSize(bytes: Uint8Array, most: number, what: string): void {
  if (bytes.length <= most) return;
  throw notOpened(`The ${what} is larger than the ${most / 1024} KiB that it may have.`);
}

/** 273: the password is not that of the store. */
export function wrongPassword(): WSServerError {
  return errors.noSecurityCredentials(
    'The password does not open the store; check SSLCertStorePassword.',
  );
}
