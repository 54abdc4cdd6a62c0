// SPDX-License-Identifier: MIT

/**
 * The copies of keys and passwords that are made while a store is read, to be wiped when that is
 * over, however it ends. Strings and numbers cannot be wiped: what may be a key is kept in bytes
 * wherever the format lets us.
 */
export class Secrets {
  readonly #copies: Uint8Array[] = [];

  /** `bytes`, which are to be wiped. */
  hold<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
    this.#copies.push(bytes);
    return bytes;
  }

  /** A copy of `parts`, one after the other, that is to be wiped. */
  joined(...parts: readonly Uint8Array[]): Buffer {
    return this.hold(Buffer.concat(parts));
  }

  wipe(): void {
    for (const copy of this.#copies.splice(0)) copy.fill(0);
  }
}
