// SPDX-License-Identifier: MIT
// Argon2 (RFC 9106), the same with every Node.js: those before 24.7 have none of their own.

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

/** `size` bytes made of `password`. */
export function argon2(password: string, made: Argon2, size: number): Buffer {
  const { derivation, memory, passes, parallelism, salt } = made;
  // Loaded when it is needed, which is seldom.
  const functions = require('@noble/hashes/argon2') as typeof import('@noble/hashes/argon2');
  const options = { t: passes, m: memory, p: parallelism, dkLen: size, version: 0x13 };
  return Buffer.from(functions[derivation](password, salt, options));
}
