// SPDX-License-Identifier: MIT

import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg } from '@nats-io/transport-node';
import { onAbort } from '../../base/promises.js';
import { type KeptMessage, placeOf, readStored, type Wire } from './kept_message.js';
import { type Api, Reader } from './reader.js';

/** NATS is asked for so many messages, or bytes of them, at once. */
const BATCH = 500;
const BATCH_BYTES = 4 << 20;
/** It waits for them for so long, and says meanwhile that it is there, in ns. */
const EXPIRES_NS = 30e9;
const HEARTBEAT_NS = 5e9;
/** If it has not for so long, something is wrong, in ms. */
const SILENCE_MS = 15_000;
/** NATS forgets a reader that is not heard of for so long, in ns. */
const READER_NS = 60e9;
const RETRY_MS = 200;

/** Codes of what NATS says in a batch. */
const HEARTBEAT = 100;
const EXPIRED = 408;
const CONFLICT = 409;

/** Who is told what comes. */
export interface TailListener {
  onMessage(message: KeptMessage): void;
  /** From here on all is told; what is after Tail.last. */
  onStarted(): void;
  /** The stream does not go on behind `after` but with `from`: lies before it, or has lost something. */
  onBreak(after: number, from: number): void;
}

/**
 * What is added to a stream, in its order. JetStream can publish by itself what it has stored, but
 * that of several publishers is not in the order of the stream then (NATS 2.9).
 */
export class Tail {
  /** The last sequence that has come, or was there before; undefined: nobody knows yet. */
  last: number | undefined;
  readonly #stream: string;
  readonly #wire: Wire;
  readonly #listener: TailListener;

  constructor(stream: string, wire: Wire, listener: TailListener) {
    this.#stream = stream;
    this.#wire = wire;
    this.#listener = listener;
  }

  /** Tells what comes behind `last`, or from now on, until `signal` is aborted. */
  async follow(api: Api, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What fails is tried again.
      await this.#follow(api, signal).catch(() => {});
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #follow(api: Api, signal: AbortSignal): Promise<void> {
    const after = this.last;
    const reader = await Reader.make(api, this.#stream, { after, forgottenNs: READER_NS });
    if (signal.aborted) return;
    const { before } = reader;
    if (after !== undefined && before !== after) this.#listener.onBreak(after, before + 1);
    this.last = before;
    this.#listener.onStarted();
    try {
      await this.#read(api, reader, signal);
    } finally {
      reader.forget();
    }
  }

  #take(message: Msg, sequence: number): void {
    this.last = sequence;
    this.#listener.onMessage(readStored(this.#wire, message, sequence));
  }

  /** Fulfilled when the reader does not go on, or `signal` is aborted. */
  #read({ connection, inbox }: Api, reader: Reader, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const to = inbox();
      let count = 0;
      let left = 0;
      const end = (): void => {
        clearTimeout(watch);
        forget();
        subscription.unsubscribe();
        resolve();
      };
      const forget = onAbort(signal, end);
      const watch = setTimeout(end, SILENCE_MS).unref();
      const ask = (): void => {
        left = BATCH;
        const how = { expires: EXPIRES_NS, idle_heartbeat: HEARTBEAT_NS };
        reader.ask(to, { batch: BATCH, bytes: BATCH_BYTES, how });
      };
      const take = (message: Msg): void => {
        const place = placeOf(message);
        // Or one has been left out on the way.
        const isNext = place.count === ++count;
        if (isNext) this.#take(message, place.sequence);
        if (!isNext) end();
        else if (--left === 0) ask();
      };
      /** NATS says how it is. */
      const hear = ({ headers }: Msg): void => {
        const { code, description } = headers ?? { code: 0, description: '' };
        if (code === HEARTBEAT) return;
        const isFull = code === CONFLICT && description.includes('MaxBytes');
        if (code === EXPIRED || isFull) ask();
        else end();
      };
      const subscription = connection.subscribe(to, {
        callback: (error, message) => {
          watch.refresh();
          if (error !== null) end();
          else if (message.subject !== to) take(message);
          else hear(message);
        },
      });
      ask();
    });
  }
}
