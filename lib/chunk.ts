// SPDX-License-Identifier: MIT

/** Buffer's own readers, without the argument checks of toString(). */
interface SliceReader {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** Texts up to this size, in bytes, are cut out of one of this size, which has those after it. */
const SHORT = 256;
const EXCERPT = 1024;

/** Memory in which payloads have come, and how to read them. Nobody else writes to it. */
export class Chunk {
  readonly #memory: Buffer;
  // Getters of Buffer, which cost more than the payload does.
  readonly #buffer: ArrayBuffer;
  readonly #byteOffset: number;
  /** Of which a part has been read as a text, up to here at most. */
  #filled = 0;
  #excerpt = '';
  #excerptStart = 0;

  constructor(memory: Buffer) {
    this.#memory = memory;
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#byteOffset = memory.byteOffset;
  }

  /** How many bytes there are to be read; the rest may still be written. */
  set filled(filled: number) {
    this.#filled = filled;
    this.#excerpt = '';
  }

  /**
   * `length` bytes from `offset`, as text. A short one may share the memory of those after it: V8
   * makes a part of a string in a fifth of the time that a call to read it takes.
   */
  text(offset: number, length: number, ascii: boolean): string {
    const reader = this.#memory as unknown as SliceReader;
    const end = offset + length;
    if (!ascii) return reader.utf8Slice(offset, end);
    if (length > SHORT) return reader.latin1Slice(offset, end);
    const start = this.#excerptStart;
    if (offset >= start && end <= start + this.#excerpt.length) {
      return this.#excerpt.substring(offset - start, end - start);
    }
    const stop = Math.max(end, Math.min(offset + EXCERPT, this.#filled));
    this.#excerpt = reader.latin1Slice(offset, stop);
    this.#excerptStart = offset;
    return this.#excerpt.substring(0, length);
  }

  /** A view of `length` bytes from `offset`: half the time of a copy, however short. */
  bytes(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#byteOffset + offset, length);
  }

  /** A copy of `length` bytes from `offset`. */
  copy(offset: number, length: number): Uint8Array {
    return this.bytes(offset, length).slice();
  }
}
