// SPDX-License-Identifier: MIT

import { sizeOf } from './sendable.js';

type Callback = (error?: Error) => void;

/** What is to be sent when it is its turn. */
interface Sending {
  readonly act: () => void;
  /** In bytes. */
  readonly size: number;
  readonly callback: Callback | undefined;
}

/** What is sent in the order of the calls, though a Blob has to be read before it can be sent. */
export class Turns {
  /** Whether the socket has been closed meanwhile. */
  readonly #isOver: () => boolean;
  /** Behind the Blob that is being read; undefined: none is. */
  #waiting: Sending[] | undefined;
  #size = 0;

  constructor(isOver: () => boolean) {
    this.#isOver = isOver;
  }

  /** How much waits, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Whether a Blob is being read. */
  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }

  /** Does `act` when what was sent before has been. `callback` is called if it cannot be done. */
  take(act: () => void, data: unknown, callback?: Callback): void {
    if (this.#waiting === undefined) {
      act();
      return;
    }
    const size = sizeOf(data);
    this.#size += size;
    this.#waiting.push({ act, size, callback });
  }

  /** Reads a Blob when it is its turn, and gives its bytes to `send`. */
  takeBlob(blob: Blob, send: (bytes: Buffer) => void, callback?: Callback): void {
    this.take(() => this.#read(blob, send, callback), blob, callback);
  }

  #read(blob: Blob, send: (bytes: Buffer) => void, callback: Callback | undefined): void {
    this.#waiting = [];
    this.#size += blob.size;
    blob.arrayBuffer().then(
      (bytes) => {
        const isOver = this.#isOver();
        const waiting = this.#goOn(blob);
        if (!isOver) send(Buffer.from(bytes));
        for (const { act, size, callback: other } of waiting) {
          this.#size -= size;
          if (!isOver) this.take(act, '', other);
        }
        if (!isOver) return;
        const error = new Error('The socket was closed while the blob was being read');
        for (const each of [callback, ...waiting.map((sending) => sending.callback)]) {
          if (each !== undefined) process.nextTick(each, error);
        }
      },
      (error: Error) => {
        for (const { act, size, callback: other } of this.#goOn(blob)) {
          this.#size -= size;
          this.take(act, '', other);
        }
        if (callback !== undefined) process.nextTick(callback, error);
      },
    );
  }

  /** The Blob has been read; what has waited for it is returned. */
  #goOn(blob: Blob): Sending[] {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#size -= blob.size;
    return waiting;
  }
}
