// SPDX-License-Identifier: MIT

import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { errors } from '../../base/errors.js';
import { type KeptMessage, keptSubjectOf, placeOf, readStored, type Wire } from './kept_message.js';

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

/** A connection to a NATS that has JetStream. */
export interface Api {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly inbox: () => string;
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
    const reader = await api.jsm.consumers.add(this.#stream, {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: after + 1,
      ack_policy: 'none',
      filter_subject: this.#wire.outside(keptSubjectOf(pattern)),
      inactive_threshold: READER_NS,
      mem_storage: true,
      num_replicas: 1,
    });
    try {
      const { num_pending: pending } = reader;
      const batch = Math.min(pending, MOST_MESSAGES);
      const messages = batch === 0 ? [] : await this.#pull(api, reader.name, batch);
      if (messages.length === 0 && batch > 0) throw errors.timedOut('NATS gives nothing.');
      return {
        from: reader.delivered.stream_seq + 1,
        messages,
        more: messages.length < pending,
      };
    } finally {
      api.jsm.consumers.delete(this.#stream, reader.name).catch(() => {});
    }
  }

  /** Up to so many messages. */
  #pull({ connection, inbox }: Api, reader: string, batch: number): Promise<KeptMessage[]> {
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
      // Where it is larger than that, one message comes all the same.
      const most = Math.max(MOST_BYTES, 2 * (connection.info?.max_payload ?? 0));
      const order = { batch, max_bytes: most, no_wait: true };
      connection.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${reader}`,
        JSON.stringify(order),
        {
          reply: to,
        },
      );
    });
  }

  #message(message: Msg): KeptMessage {
    return readStored(this.#wire, message, placeOf(message).sequence);
  }
}
