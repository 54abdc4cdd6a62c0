// SPDX-License-Identifier: MIT

/** Buffer's own readers, without the argument checks of toString(). */
interface SliceReader {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** Up to this size, in bytes, texts are cut out of an excerpt of the memory. */
const SHORT = 256;
/** The size of an excerpt. */
const EXCERPT = 1024;

/** Memory in which payloads have come, and how to read them. Nobody else writes to it. */
export class Chunk {
  readonly #reader: SliceReader;
  // Getters of Buffer, which cost more than the payload does.
  readonly #buffer: ArrayBuffer;
  readonly #byteOffset: number;
  /** How many bytes have been written. */
  #filled = 0;
  /** A part of them as a string, and where it begins. */
  #excerpt = '';
  #excerptStart = 0;

  constructor(memory: Buffer) {
    this.#reader = memory as unknown as SliceReader;
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#byteOffset = memory.byteOffset;
  }

  /** Something has been written: there are `filled` bytes now, all of which may be others. */
  onWritten(filled: number): void {
    this.#filled = filled;
    this.#excerpt = '';
  }

  /** `length` bytes from `offset` that are UTF-8. */
  text(offset: number, length: number): string {
    return this.#reader.utf8Slice(offset, offset + length);
  }

  /** The four bytes at `offset` as a number, the least significant first. */
  number(offset: number): number {
    return new DataView(this.#buffer, this.#byteOffset + offset, 4).getUint32(0, true);
  }

  /** `length` bytes from `offset`, a character each. */
  latin1(offset: number, length: number): string {
    return this.#reader.latin1Slice(offset, offset + length);
  }

  /**
   * The same, but a short text may share its memory with what comes after it: to V8 a part of a
   * string is much cheaper than a call to read it.
   */
  excerpt(offset: number, length: number): string {
    if (length > SHORT) return this.latin1(offset, length);
    const end = offset + length;
    const start = this.#excerptStart;
    if (offset >= start && end <= start + this.#excerpt.length) {
      return this.#excerpt.substring(offset - start, end - start);
    }
    const stop = Math.max(end, Math.min(offset + EXCERPT, this.#filled));
    this.#excerpt = this.latin1(offset, stop - offset);
    this.#excerptStart = offset;
    return this.#excerpt.substring(0, length);
  }

  /** A view of `length` bytes from `offset`: cheaper than a copy, however short. */
  bytes(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#byteOffset + offset, length);
  }

  /** A copy of `length` bytes from `offset`. */
  copy(offset: number, length: number): Uint8Array {
    return this.bytes(offset, length).slice();
  }
}
