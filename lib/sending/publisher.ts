// SPDX-License-Identifier: MIT
// One message to many.

import { bytesOf, isUint8Array } from '../base/bytes.js';
import { toId } from '../base/connection_id.js';
import { errors } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';
import { Opcode, type Outbox, UNCOMPRESSED } from '../boundary/outbox.js';
import type { BusLink } from '../bus/bus_link.js';
import type { Publication } from '../bus/publication.js';
import { attemptFrame } from './framed.js';
import type { Data } from './sender.js';
import { noHistory } from './subscriber.js';

/** How to publish a message. */
export interface PublishOptions {
  /** Who does not get it: most often the connection from which it came. */
  except?: number | string | undefined;
  /**
   * False sends it as it is, even if it were to be compressed.
   * @defaultValue true
   */
  compress?: boolean | undefined;
  /**
   * True keeps it for those who come back ({@link SubscribeOptions.since}): the bus is to have a history
   * of the topic. The promise is fulfilled when it has been kept.
   * @defaultValue false
   */
  keep?: boolean | undefined;
}

/** So many topics are known to be right; then they are looked at again. */
const MOST_KNOWN = 1000;
/** Stands for all who are connected: no topic is empty. */
const ALL = '';

/** Publishes for a server, and keeps the promises until it is known how many get a message. */
export class Publisher {
  /** What takes publications to other servers, if anything does. */
  link: BusLink | undefined;
  readonly #outbox: Outbox;
  readonly #core: NativeServer;
  readonly #isAlone: () => boolean;
  readonly #pending = new Map<number, (count: number) => void>();
  readonly #known = new Set<string>();
  #lastToken = 0;

  /** `isAlone` says whether nobody is connected. */
  constructor(outbox: Outbox, isAlone: () => boolean) {
    this.#outbox = outbox;
    this.#core = outbox.server;
    this.#isAlone = isAlone;
  }

  /**
   * Fulfilled with how many it was put on the way to.
   * @throws {@link WSServerError} 10022 for what is no topic, or cannot be sent
   */
  publish(topic: string, data: Data, options: PublishOptions | undefined): Promise<number> {
    this.#requireTopic(topic);
    return this.#put(topic, data, options);
  }

  /** The same to all who are connected. */
  broadcast(data: Data, options: PublishOptions | undefined): Promise<number> {
    return this.#put(ALL, data, options);
  }

  /**
   * Gives what comes from a history to the connections of this server.
   * @throws {@link WSServerError} 10022 when its topic is none
   */
  deliver(publication: Publication): Promise<number> {
    this.#requireTopic(publication.topic);
    const message = attemptFrame(publication);
    if (message === undefined) return Promise.resolve(0);
    return this.#give(publication.topic, message.data, message.kind, publication.except ?? 0);
  }

  /** What publish() has promised for `token` has come to be. */
  onPublished(token: number, count: number): void {
    const resolve = this.#pending.get(token);
    this.#pending.delete(token);
    resolve?.(count);
  }

  #put(topic: string, data: Data, options: PublishOptions | undefined): Promise<number> {
    const except = options?.except === undefined ? 0 : toId(options.except);
    const flags = options?.compress === false ? UNCOMPRESSED : 0;
    const message = typeof data === 'string' || isUint8Array(data) ? data : bytesOf(data);
    if (message === undefined) {
      throw errors.invalidArgument('Give a string, Buffer, TypedArray, DataView or ArrayBuffer.');
    }
    const opcode = typeof message === 'string' ? Opcode.text : Opcode.binary;
    const kind = opcode | flags;
    if (options?.keep === true) {
      const kept = topic === ALL ? undefined : this.link?.keep(topic, message, kind, except);
      if (kept === undefined) throw noHistory(topic);
      return kept;
    }
    this.link?.publish(topic, message, kind);
    return this.#give(topic, message, kind, except);
  }

  /** To the connections of this server. */
  #give(
    topic: string,
    message: string | Uint8Array,
    kind: number,
    except: number,
  ): Promise<number> {
    const flags = kind & UNCOMPRESSED;
    const opcode = (kind ^ flags) as Opcode;
    // A server that nobody is connected to may have no turn any more to tell of it.
    if (!this.#isAlone()) {
      this.#lastToken = (this.#lastToken + 1) & 0x7fffffff || 1;
      const token = this.#lastToken;
      if (this.#outbox.publish(topic, message, opcode, flags, except, token)) {
        return new Promise((resolve) => this.#pending.set(token, resolve));
      }
    }
    const bytes =
      typeof message === 'string' ? Buffer.from(message) : (bytesOf(message) ?? message);
    return Promise.resolve(this.#core.publish(topic, kind, bytes, except));
  }

  #requireTopic(topic: string): void {
    if (this.#known.has(topic)) return;
    this.#core.checkTopic(topic);
    if (this.#known.size === MOST_KNOWN) this.#known.clear();
    this.#known.add(topic);
  }
}
