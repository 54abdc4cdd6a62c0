// SPDX-License-Identifier: MIT
// Argon2 (RFC 9106), which Node.js has of its own only since 24.7.

import crypto = require('node:crypto');

/** KiB of memory, and of memory times passes: what costs some seconds at most. */
export const MAX_ARGON2_MEMORY = 256 * 1024;
export const MAX_ARGON2_WORK = 1024 * 1024;

export interface Argon2 {
  readonly derivation: 'argon2d' | 'argon2i' | 'argon2id';
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
}

type Argon2Sync = (
  algorithm: string,
  parameters: Readonly<Record<string, string | number | Uint8Array>>,
) => Buffer;

/** `size` bytes made of `password`. */
export function argon2(password: string, made: Argon2, size: number): Buffer {
  const { derivation, memory, passes, parallelism, salt } = made;
  const { argon2Sync } = crypto as unknown as { argon2Sync?: Argon2Sync };
  if (argon2Sync) {
    const parameters = { message: password, nonce: salt, parallelism, memory, passes };
    return argon2Sync(derivation, { ...parameters, tagLength: size });
  }
  // Loaded when it is needed, which is seldom.
  const functions = require('@noble/hashes/argon2') as typeof import('@noble/hashes/argon2');
  const options = { t: passes, m: memory, p: parallelism, dkLen: size, version: 0x13 };
  return Buffer.from(functions[derivation](password, salt, options));
}
