// SPDX-License-Identifier: MIT
// Argon2 (RFC 9106), the same with every Node.js: those before 24.7 have none of their own.

import type { Secrets } from '../../base/secrets.js';
import { addon } from '../../boundary/native.js';
import { notOpened } from './failure.js';

/** KiB of memory, and of memory times passes: a second at most (native/tls/formats/argon2.h). */
export const MAX_ARGON2_MEMORY = 256 * 1024;
export const MAX_ARGON2_WORK = 512 * 1024;

const kinds = { argon2d: 0, argon2i: 1, argon2id: 2 } as const;

export interface Argon2 {
  readonly derivation: keyof typeof kinds;
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
}

/**
 * `size` bytes made of `password`, which `secrets` wipes.
 * @throws 271 when there is not enough memory
 */
export function argon2(password: string, made: Argon2, size: number, secrets: Secrets): Buffer {
  const { derivation, memory, passes, parallelism, salt } = made;
  const text = secrets.hold(Buffer.from(password));
  const tag = addon.argon2(kinds[derivation], memory, passes, parallelism, size, text, salt);
  if (tag === undefined) throw notOpened('There is not enough memory for its Argon2.');
  secrets.hold(tag);
  return Buffer.from(tag.buffer, tag.byteOffset, tag.length);
}
