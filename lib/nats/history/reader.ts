// SPDX-License-Identifier: MIT

import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** A connection to a NATS that has JetStream. */
export interface Api {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly inbox: () => string;
}

/** What is to be read, and how long NATS keeps the reader when nothing is heard of it. */
interface ReaderOptions {
  /** What is behind this sequence; undefined: what comes from now on. */
  readonly after: number | undefined;
  /** A subject of NATS; undefined: all of the stream. */
  readonly filter?: string;
  readonly forgottenNs: number;
}

/** What is asked for: as much as there is room for, and how NATS is to answer. */
interface ReaderOrder {
  readonly batch: number;
  /** Bytes; where a single message is larger, it comes all the same. */
  readonly bytes: number;
  readonly how: Readonly<Record<string, number | boolean>>;
}

/**
 * A reader of a stream at NATS, which knows how far it has come. It wants no acknowledgements, and
 * lives in memory.
 */
export class Reader {
  /** The last sequence before it: what it reads is behind. */
  readonly before: number;
  /** How many messages there were for it. */
  readonly pending: number;
  readonly #api: Api;
  readonly #stream: string;
  readonly #name: string;

  private constructor(
    api: Api,
    stream: string,
    { name, before, pending }: { name: string; before: number; pending: number },
  ) {
    this.#api = api;
    this.#stream = stream;
    this.#name = name;
    this.before = before;
    this.pending = pending;
  }

  static async make(
    api: Api,
    stream: string,
    { after, filter, forgottenNs }: ReaderOptions,
  ): Promise<Reader> {
    const made = await api.jsm.consumers.add(stream, {
      ...(after === undefined
        ? { deliver_policy: 'new' }
        : { deliver_policy: 'by_start_sequence', opt_start_seq: after + 1 }),
      ...(filter !== undefined && { filter_subject: filter }),
      ack_policy: 'none',
      inactive_threshold: forgottenNs,
      mem_storage: true,
      num_replicas: 1,
    });
    const { name, delivered, num_pending: pending } = made;
    return new Reader(api, stream, { name, before: delivered.stream_seq, pending });
  }

  /** Asks for messages: they come to the subject `to`, as what NATS says of them does. */
  ask(to: string, { batch, bytes, how }: ReaderOrder): void {
    const { connection } = this.#api;
    const most = Math.max(bytes, 2 * (connection.info?.max_payload ?? 0));
    connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`,
      JSON.stringify({ batch, max_bytes: most, ...how }),
      { reply: to },
    );
  }

  /** NATS would forget it by itself in the end. */
  forget(): void {
    this.#api.jsm.consumers.delete(this.#stream, this.#name).catch(() => {});
  }
}
