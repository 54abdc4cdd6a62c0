// SPDX-License-Identifier: MIT
// Writes the elements of DER that keys are made of (X.690).

import type { Secrets } from '../../base/secrets.js';

export const Tag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  sequence: 0x30,
  context0: 0xa0,
  context1: 0xa1,
} as const;

/** Writes elements, of which `secrets` has every copy. */
export class DerWriter {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** An element with these contents, of up to 64 KiB. */
  element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
    const size = contents.reduce((sum, { length }) => sum + length, 0);
    const length = size < 0x80 ? [size] : [0x82, size >> 8, size & 0xff];
    return this.#secrets.joined(Buffer.from([tag, ...length]), ...contents);
  }

  sequence(...contents: readonly Uint8Array[]): Buffer {
    return this.element(Tag.sequence, ...contents);
  }

  /** An INTEGER that is not negative, of big-endian digits. */
  integer(digits: Uint8Array): Buffer {
    const begin = digits.findIndex((digit) => digit !== 0);
    const number = begin < 0 ? Buffer.alloc(1) : digits.subarray(begin);
    const sign = (number[0] as number) < 0x80 ? [] : [Buffer.alloc(1)];
    return this.element(Tag.integer, ...sign, number);
  }

  octets(bytes: Uint8Array): Buffer {
    return this.element(Tag.octetString, bytes);
  }

  /** A BIT STRING of whole bytes. */
  bits(...bytes: readonly Uint8Array[]): Buffer {
    return this.element(Tag.bitString, Buffer.alloc(1), ...bytes);
  }
}
