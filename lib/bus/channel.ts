// SPDX-License-Identifier: MIT

/** What goes over the channel between a process and its parent for the bus. */
export type BusOrder =
  | { readonly kind: 'publish'; readonly subject: string; readonly bytes: Uint8Array }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly subject: string };

/** The key of our messages among those of the user, on the channel that Node.js gives a process. */
const KEY = 'native-wsserver';

/** What may wait in a channel, in bytes. */
const MOST_WAITING = 16 << 20;
/** What a message costs beside its bytes. */
const OVERHEAD = 256;

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

/** One end of the channel between a process and its parent. */
export class Channel {
  readonly #peer: Peer;
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
    if (!this.#peer.connected) return Promise.resolve();
    return new Promise((resolve) =>
      this.#peer.send({ [KEY]: order }, undefined, undefined, () => resolve()),
    );
  }

  /** Sends a publication, or counts it as lost. */
  publish(subject: string, bytes: Uint8Array): void {
    const size = bytes.byteLength + OVERHEAD;
    if (!this.#peer.connected || this.#waiting + size > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting += size;
    const order: BusOrder = { kind: 'publish', subject, bytes };
    this.#peer.send({ [KEY]: order }, undefined, undefined, (error) => {
      this.#waiting -= size;
      if (error !== null) this.#lost++;
    });
  }
}
