// SPDX-License-Identifier: MIT

import { MOST_WAITING, OVERHEAD } from './bounds.js';

/** What has been published within a turn: a subject and a size for each message, and all their bytes. */
export interface Publications {
  readonly kind: 'publish';
  readonly subjects: readonly string[];
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

/** What goes over the channel between a process and its parent for the bus. */
export type BusOrder =
  | Publications
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly subject: string };

/** Calls `take` for each of them, with a view of its bytes. */
export function forEachPublication(
  { subjects, sizes, bytes }: Publications,
  take: (subject: string, bytes: Uint8Array) => void,
): void {
  let offset = 0;
  subjects.forEach((subject, index) => {
    const end = offset + (sizes[index] as number);
    take(subject, bytes.subarray(offset, end));
    offset = end;
  });
}

/** The key of our messages among those of the user, on the channel that Node.js gives a process. */
const KEY = 'native-wsserver';

/** So many bytes do not wait for the end of the turn. */
const MOST_TOGETHER = 256 << 10;

/** What of a message is ours; undefined: it is the user's. */
export function ourPart(message: unknown): unknown {
  const isOurs = typeof message === 'object' && message !== null && KEY in message;
  return isOurs ? message[KEY] : undefined;
}

/** What of a process, or of the parent, a channel needs. */
export interface Peer {
  readonly connected: boolean;
  send(
    message: object,
    handle: undefined,
    options: undefined,
    callback: (error: Error | null) => void,
  ): unknown;
}

/**
 * One end of the channel between a process and its parent. What is published within a turn goes
 * together: a message of its own for each would cost eight times as much.
 */
export class Channel {
  readonly #peer: Peer;
  #subjects: string[] = [];
  #parts: Uint8Array[] = [];
  /** Of what goes next, and of all that has not been taken yet, in bytes with OVERHEAD. */
  #together = 0;
  #waiting = 0;
  #lost = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** How many publications have not been sent, for too much waited or the other end was gone. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Sends what must not be lost, and is little. Fulfilled when it, and all before, is on its way, or
   * the other end is gone.
   */
  send(order: object): Promise<void> {
    this.#flush();
    if (!this.#peer.connected) return Promise.resolve();
    return new Promise((resolve) => this.#say(order, () => resolve()));
  }

  /** Sends a publication, or counts it as lost. `bytes` must stay as they are. */
  publish(subject: string, bytes: Uint8Array): void {
    const size = bytes.byteLength + OVERHEAD;
    if (!this.#peer.connected || this.#waiting + size > MOST_WAITING) {
      this.#lost++;
      return;
    }
    if (this.#subjects.length === 0) queueMicrotask(() => this.#flush());
    this.#waiting += size;
    this.#together += size;
    this.#subjects.push(subject);
    this.#parts.push(bytes);
    if (this.#together >= MOST_TOGETHER) this.#flush();
  }

  #flush(): void {
    const count = this.#subjects.length;
    if (count === 0) return;
    const size = this.#together;
    const order: BusOrder = {
      kind: 'publish',
      subjects: this.#subjects,
      sizes: this.#parts.map((part) => part.byteLength),
      bytes: count === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts),
    };
    this.#subjects = [];
    this.#parts = [];
    this.#together = 0;
    this.#say(order, (error) => {
      this.#waiting -= size;
      if (error !== null) this.#lost += count;
    });
  }

  #say(order: object, done: (error: Error | null) => void): void {
    this.#peer.send({ [KEY]: order }, undefined, undefined, done);
  }
}
