// SPDX-License-Identifier: MIT

/** What was read ends before it should. */
export class Truncated extends Error {}

/** Reads big-endian numbers and pieces of bytes; throws {@link Truncated} at their end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.#at;
  }

  /** A view of the next `size` bytes. */
  take(size: number): Buffer {
    if (size > this.#bytes.length - this.#at) throw new Truncated();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** Bytes after their length in 32 bits: `string` and `mpint` of SSH (RFC 4251 §5). */
  sized(): Buffer {
    return this.take(this.uint32());
  }
}
