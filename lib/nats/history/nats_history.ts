// SPDX-License-Identifier: MIT

import { isUtf8 } from 'node:buffer';
import type * as JetStream from '@nats-io/jetstream';
import type * as Client from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { errors, type WSServerError } from '../../base/errors.js';
import { covers } from '../../base/patterns.js';
import { handled } from '../../base/promises.js';
import { Opcode, UNCOMPRESSED } from '../../boundary/outbox.js';
import type { History, Receiver } from '../../bus/history.js';
import type { Publication } from '../../bus/publication.js';
import { checkHistory, type HistoryLimits, type HistoryOptions } from './history_options.js';
import { Keeper, type Kept } from './keeper.js';
import { type KeptMessage, keptSubjectOf, type Wire } from './kept_message.js';
import { KeptStream } from './kept_stream.js';

/** What is published over NATS, and kept by JetStream. */
export class NatsHistory implements History {
  readonly #client: typeof Client;
  readonly #jetStream: typeof JetStream;
  readonly #wire: Wire;
  readonly #streams: readonly KeptStream[];
  readonly #keeper = new Keeper();
  #receiver: Receiver | undefined;

  /** @throws {@link WSServerError} 10022 for what cannot be kept */
  constructor(
    client: typeof Client,
    jetStream: typeof JetStream,
    options: HistoryOptions,
    wire: Wire,
  ) {
    checkHistory(options);
    this.#client = client;
    this.#jetStream = jetStream;
    this.#wire = wire;
    this.#streams = Object.entries(options).map(
      ([pattern, limits]) => new KeptStream(wire, pattern, limits, this.#deliver),
    );
  }

  /** Fulfilled when all streams are there; rejected when one cannot be had. */
  get ready(): Promise<void> {
    return handled(Promise.all(this.#streams.map(({ ready }) => ready)).then(() => {}));
  }

  attach(receiver: Receiver): () => void {
    this.#receiver = receiver;
    return () => {
      if (this.#receiver === receiver) this.#receiver = undefined;
    };
  }

  keeps(topic: string): boolean {
    return this.#streamOf(topic) !== undefined;
  }

  newestId(topic: string): string | undefined {
    // 0 would be all that is kept, of which nobody is told that something is missing.
    const position = this.#streamOf(topic)?.position ?? 0;
    return position === 0 ? undefined : String(position);
  }

  publish(topic: string, kind: number, payload: Uint8Array, except?: number): Promise<Kept> {
    const headers = this.#client.headers();
    this.#wire.writeKind(headers, kind);
    return this.#keeper.publish({
      subject: this.#wire.outside(keptSubjectOf(topic)),
      payload,
      headers,
      except,
    });
  }

  async resume(
    pattern: string,
    since: string,
    take: (publication: Publication) => Promise<void> | void,
    joined: () => void,
    signal: AbortSignal,
    onGap: (firstId: string) => void = () => {},
  ): Promise<{ gap: boolean }> {
    const stream = this.#streamOf(pattern);
    if (stream === undefined) {
      throw errors.invalidArgument(
        `No history has all of ${pattern}: configure one that has, or subscribe without since.`,
      );
    }
    if (typeof since !== 'string' || !/^(0|[1-9]\d{0,14})$/.test(since)) {
      throw errors.invalidArgument('since is the id of a kept message, or 0 for all that is kept.');
    }
    return stream.resume({
      pattern,
      since: Number(since),
      take: (message) => {
        const publication = this.#publicationOf(message, stream.limits);
        return (publication && take(publication)) ?? undefined;
      },
      joined,
      onGap: (first) => onGap(String(first)),
      signal,
    });
  }

  /** NATS is there, or there again. */
  async onConnected(connection: NatsConnection): Promise<void> {
    const jsm = await this.#jetStream.jetstreamManager(connection, { checkAPI: false });
    const inbox = (): string => this.#client.createInbox();
    for (const stream of this.#streams) stream.onConnected({ connection, jsm, inbox });
    this.#keeper.onConnected(jsm.jetstream());
  }

  onAway(): void {
    for (const stream of this.#streams) stream.onAway();
    this.#keeper.onAway();
  }

  close(): void {
    for (const stream of this.#streams) stream.close();
    this.#keeper.close();
  }

  #streamOf(pattern: string): KeptStream | undefined {
    return this.#streams.find((stream) => covers(stream.pattern, pattern));
  }

  /** Undefined: it is none; that is told. */
  #publicationOf(
    { topic, kind, payload, sequence }: KeptMessage,
    { frame }: HistoryLimits,
  ): Publication | undefined {
    const isText = (kind & ~UNCOMPRESSED) === Opcode.text;
    if (kind === 0 || (isText && !isUtf8(payload))) {
      this.#wire.tell(
        errors.invalidArgument(`What has been kept of ${topic} as ${sequence} is no message.`),
      );
      return undefined;
    }
    return { topic, kind, payload, id: String(sequence), ...(frame && { frame }) };
  }

  readonly #deliver = (message: KeptMessage, limits: HistoryLimits): void => {
    const own = this.#keeper.find(message.tag);
    const publication = this.#publicationOf(message, limits);
    try {
      if (publication === undefined || this.#receiver === undefined) return;
      const except = own?.except;
      const count = this.#receiver.deliver(
        except === undefined ? publication : { ...publication, except },
      );
      own?.arrive(count);
    } catch (error) {
      this.#wire.tell(error as WSServerError);
    }
  };
}
