// SPDX-License-Identifier: MIT

import type { Msg } from '@nats-io/transport-node';
import { errors } from '../../base/errors.js';
import { type KeptMessage, keptSubjectOf, placeOf, readStored, type Wire } from './kept_message.js';
import { type Api, Reader } from './reader.js';

/** A page has so many messages at most. */
const MOST_MESSAGES = 256;
/** Bytes of them; one message may be larger. */
const MOST_BYTES = 256 << 10;
/** So many pages are being read at once. */
const MOST_READING = 4;
/** A page comes so quickly, or not at all, in ms. */
const PAGE_MS = 5000;
/** NATS forgets a reader that is not heard of for so long, in ns: we tell it to, but may be cut off. */
const READER_NS = 10e9;

/** Messages of a stream one after the other, as far as a filter lets them through. */
export interface Page {
  /** The first sequence that the stream has from where it was asked for; behind all, if it has none. */
  readonly from: number;
  readonly messages: readonly KeptMessage[];
  /** Whether there were more at the time. */
  readonly more: boolean;
}

interface Job {
  readonly pattern: string;
  readonly after: number;
  readonly page: Promise<Page>;
  readonly resolve: (page: Page | Promise<Page>) => void;
}

/** Reads a stream. Who asks for the same at the same time shares a page. */
export class Pages {
  readonly #stream: string;
  readonly #wire: Wire;
  /** Asked for, and not begun. */
  readonly #waiting = new Map<string, Job>();
  #reading = 0;
  /** Undefined while NATS is away. */
  api: Api | undefined;

  constructor(stream: string, wire: Wire) {
    this.#stream = stream;
    this.#wire = wire;
  }

  /**
   * What of `pattern` the stream has behind the sequence `after`: at the time of the call, and perhaps
   * later.
   * @throws anything, when NATS does not give it
   */
  read(pattern: string, after: number): Promise<Page> {
    const key = `${after} ${pattern}`;
    const known = this.#waiting.get(key);
    if (known !== undefined) return known.page;
    let resolve: Job['resolve'] = () => {};
    const page = new Promise<Page>((fulfil) => {
      resolve = fulfil;
    });
    this.#waiting.set(key, { pattern, after, page, resolve });
    this.#begin();
    return page;
  }

  #begin(): void {
    for (const [key, { pattern, after, resolve }] of this.#waiting) {
      if (this.#reading === MOST_READING) return;
      this.#waiting.delete(key);
      this.#reading++;
      const page = this.#read(pattern, after);
      const done = (): void => {
        this.#reading--;
        this.#begin();
      };
      page.then(done, done);
      resolve(page);
    }
  }

  async #read(pattern: string, after: number): Promise<Page> {
    const { api } = this;
    if (api === undefined) throw errors.connectionReset('NATS is away.');
    const filter = this.#wire.outside(keptSubjectOf(pattern));
    const reader = await Reader.make(api, this.#stream, { after, filter, forgottenNs: READER_NS });
    try {
      const batch = Math.min(reader.pending, MOST_MESSAGES);
      const messages = batch === 0 ? [] : await this.#pull(api, reader, batch);
      if (messages.length === 0 && batch > 0) throw errors.timedOut('NATS gives nothing.');
      return { from: reader.before + 1, messages, more: messages.length < reader.pending };
    } finally {
      reader.forget();
    }
  }

  /** Up to so many messages. */
  #pull({ connection, inbox }: Api, reader: Reader, batch: number): Promise<KeptMessage[]> {
    return new Promise((resolve) => {
      const messages: KeptMessage[] = [];
      const to = inbox();
      const end = (error: unknown): void => {
        clearTimeout(timer);
        subscription.unsubscribe();
        resolve(error === undefined ? messages : Promise.reject(error));
      };
      const timer = setTimeout(() => end(errors.timedOut('NATS gives nothing.')), PAGE_MS);
      const subscription = connection.subscribe(to, {
        callback: (error, message) => {
          // An error, or a status: that was all.
          if (error !== null || message.subject === to) end(error ?? undefined);
          else if (messages.push(this.#message(message)) === batch) end(undefined);
        },
      });
      reader.ask(to, { batch, bytes: MOST_BYTES, how: { no_wait: true } });
    });
  }

  #message(message: Msg): KeptMessage {
    return readStored(this.#wire, message, placeOf(message).sequence);
  }
}
