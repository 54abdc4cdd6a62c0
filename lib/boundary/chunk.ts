// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';
import { addon } from './native.js';

/** Buffer's own readers, without the argument checks of toString(). */
interface SliceReader {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** Up to this size, in bytes, texts are cut out of an excerpt of the memory. */
const SHORT = 256;
/** The size of an excerpt. */
const EXCERPT = 1024;
/** In place of a number: the memory was made here, and the core does not know it. */
const OWN = -1;

/**
 * Memory in which payloads have come, and how to read them. Nobody else writes to it; but users,
 * who see it, may give it away (transfer it), and with it all payloads that are in it: from then on
 * those are copied from the core.
 */
export class Chunk {
  readonly #reader: SliceReader;
  readonly #memory: Buffer;
  readonly #number: number;
  /** What {@link bytes} are views of, from when they are first asked for. */
  #shown: ArrayBufferLike | undefined;
  /** How many bytes have been written. */
  #filled = 0;
  /** A part of them as a string, and where it begins. */
  #excerpt = '';
  #excerptStart = 0;

  /** `memory` is all of its ArrayBuffer; `number` is the core's of it. */
  constructor(memory: Buffer, number: number) {
    this.#reader = memory as unknown as SliceReader;
    this.#memory = memory;
    this.#number = number;
  }

  /** Memory of its own with a copy of `bytes`. */
  static copyOf(bytes: Uint8Array): Chunk {
    return new Chunk(Buffer.from(new Uint8Array(bytes).buffer), OWN);
  }

  /** The core has written: there are `filled` bytes now, and those before may have changed. */
  onWritten(filled: number): void {
    this.#filled = filled;
    this.#excerpt = '';
  }

  /** `length` bytes from `offset` that are UTF-8. */
  text(offset: number, length: number): string {
    const text = this.#reader.utf8Slice(offset, offset + length);
    if (text !== '' || length === 0) return text;
    return Chunk.copyOf(this.#rescued(offset, length)).text(0, length);
  }

  /** Whether there can be a string of them. */
  canBeText(offset: number, length: number): boolean {
    try {
      this.text(offset, length);
      return true;
    } catch {
      return false;
    }
  }

  /** The four bytes at `offset` as a number, the least significant first. */
  number(offset: number): number {
    return new DataView(this.copy(offset, 4).buffer).getUint32(0, true);
  }

  /** `length` bytes from `offset`, a character each. */
  latin1(offset: number, length: number): string {
    const text = this.#reader.latin1Slice(offset, offset + length);
    if (text !== '' || length === 0) return text;
    return Chunk.copyOf(this.#rescued(offset, length)).latin1(0, length);
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
    const buffer = this.#shown ?? this.#show();
    try {
      return new Uint8Array(buffer, offset, length);
    } catch (error) {
      if (buffer.byteLength > 0) throw error;
      return this.#rescued(offset, length);
    }
  }

  /** The same as a Buffer. */
  buffer(offset: number, length: number): Buffer {
    const buffer = this.#shown ?? this.#show();
    try {
      return Buffer.from(buffer, offset, length);
    } catch (error) {
      if (buffer.byteLength > 0) throw error;
      return Buffer.from(this.#rescued(offset, length).buffer);
    }
  }

  /** A copy of `length` bytes from `offset`. */
  copy(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    copy.set(this.#memory.subarray(offset, offset + length));
    return this.#memory.length > 0 ? copy : this.#rescued(offset, length);
  }

  #show(): ArrayBufferLike {
    const { buffer } = this.#memory;
    if (this.#number !== OWN) addon.showMemory(this.#number, buffer);
    this.#shown = buffer;
    return buffer;
  }

  /** The same as {@link copy}, when JavaScript has given the memory away. */
  #rescued(offset: number, length: number): Uint8Array {
    const copy = addon.copyMemory(this.#number, offset, length);
    if (copy !== undefined) return copy;
    throw errors.invalidArgument('This payload has been given away: copy what is needed before.');
  }
}
