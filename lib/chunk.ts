// SPDX-License-Identifier: MIT

/** Buffer's own readers, without the argument checks of toString(). */
interface SliceReader {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** Memory in which payloads have come, and how to read them. Nobody else writes to it. */
export class Chunk {
  readonly #memory: Buffer;
  // Getters of Buffer, which cost more than the payload does.
  readonly #buffer: ArrayBuffer;
  readonly #byteOffset: number;

  constructor(memory: Buffer) {
    this.#memory = memory;
    this.#buffer = memory.buffer as ArrayBuffer;
    this.#byteOffset = memory.byteOffset;
  }

  /** `length` bytes from `offset`, as text. */
  text(offset: number, length: number, ascii: boolean): string {
    const reader = this.#memory as unknown as SliceReader;
    const end = offset + length;
    return ascii ? reader.latin1Slice(offset, end) : reader.utf8Slice(offset, end);
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
