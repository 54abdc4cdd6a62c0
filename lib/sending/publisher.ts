// SPDX-License-Identifier: MIT
// One message to many.

import { bytesOf, isUint8Array } from '../base/bytes.js';
import { toId } from '../base/connection_id.js';
import { checkNames, errors } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';
import { ENVELOPED, Opcode, type Outbox, UNCOMPRESSED } from '../boundary/outbox.js';
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

/** Of {@link PublishOptions}. */
const OPTIONS = ['except', 'compress', 'keep'];

/** What the clients of a subprotocol get instead of what is published. */
export interface Envelopes {
  /** A text. */
  wrap(publication: Publication): string;
}

/** So many topics are known to be right; then they are looked at again. */
const MOST_KNOWN = 1000;
/** Stands for all who are connected: no topic is empty. */
const ALL = '';

function bytesIn(payload: string | Uint8Array): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : (bytesOf(payload) ?? payload);
}

/** Publishes for a server, and keeps the promises until it is known how many get a message. */
export class Publisher {
  /** What takes publications to other servers, if anything does. */
  link: BusLink | undefined;
  /** What makes envelopes for those who get them, if anybody may. */
  envelopes: Envelopes | undefined;
  readonly #outbox: Outbox;
  readonly core: NativeServer;
  readonly #isAlone: () => boolean;
  readonly #pending = new Map<number, (count: number) => void>();
  readonly #known = new Set<string>();
  #lastToken = 0;

  /** `isAlone` says whether nobody is connected. */
  constructor(outbox: Outbox, isAlone: () => boolean) {
    this.#outbox = outbox;
    this.core = outbox.server;
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
   * Gives a publication to the connections of this server, wherever it has come from: each gets it
   * bare, as its frame has it, or in an envelope. Fulfilled with how many it was put on the way to.
   * @throws {@link WSServerError} 10022 when its topic is none
   */
  readonly deliver = (publication: Publication): Promise<number> => {
    if (publication.topic !== ALL) this.#requireTopic(publication.topic);
    return this.#give(publication);
  };

  /**
   * Sends a text to one connection that gets envelopes, behind what has been published to it. Who
   * has no room for it is disconnected.
   */
  sendTo(connectionId: number, text: string): void {
    if (this.#outbox.takes(connectionId)) {
      if (this.#outbox.sendText(connectionId, text, Opcode.text)) return;
    }
    this.core.publishTo(connectionId, Opcode.text, Buffer.from(text));
  }

  /** What publish() has promised for `token` has come to be. */
  onPublished(token: number, count: number): void {
    const resolve = this.#pending.get(token);
    this.#pending.delete(token);
    resolve?.(count);
  }

  #put(topic: string, data: Data, options: PublishOptions | undefined): Promise<number> {
    if (options) checkNames(options, 'A publication', OPTIONS);
    const except = options?.except === undefined ? 0 : toId(options.except);
    const flags = options?.compress === false ? UNCOMPRESSED : 0;
    const message = typeof data === 'string' || isUint8Array(data) ? data : bytesOf(data);
    if (message === undefined) throw errors.noData();
    const opcode = typeof message === 'string' ? Opcode.text : Opcode.binary;
    const kind = opcode | flags;
    if (options?.keep === true) {
      const kept = topic === ALL ? undefined : this.link?.keep(topic, message, kind, except);
      if (kept === undefined) throw noHistory(topic);
      return kept;
    }
    this.link?.publish(topic, message, kind);
    if (this.envelopes === undefined) return this.#send(topic, message, opcode, flags, except);
    return this.#give({ topic, kind, payload: message, except });
  }

  /** To the connections of this server. */
  #give(publication: Publication): Promise<number> {
    const { topic, kind, except = 0 } = publication;
    const flags = kind & UNCOMPRESSED;
    const framed = attemptFrame(publication);
    const count =
      framed === undefined
        ? Promise.resolve(0)
        : this.#send(topic, framed.data, framed.kind ^ flags, flags, except);
    const { envelopes } = this;
    if (envelopes === undefined || !this.core.wantsEnvelopes(topic)) return count;
    const envelope = envelopes.wrap(publication);
    const others = this.#send(topic, envelope, Opcode.text, flags | ENVELOPED, except);
    return Promise.all([count, others]).then(([bare, enveloped]) => bare + enveloped);
  }

  /** Fulfilled with how many it has been put on the way to. */
  #send(
    topic: string,
    message: string | Uint8Array,
    opcode: number,
    flags: number,
    except: number,
  ): Promise<number> {
    // A server that nobody is connected to may have no turn any more to tell of it.
    if (!this.#isAlone()) {
      this.#lastToken = (this.#lastToken + 1) & 0x7fffffff || 1;
      const token = this.#lastToken;
      if (this.#outbox.publish(topic, message, opcode, flags, except, token)) {
        return new Promise((resolve) => this.#pending.set(token, resolve));
      }
    }
    return Promise.resolve(this.core.publish(topic, opcode | flags, bytesIn(message), except));
  }

  #requireTopic(topic: string): void {
    if (this.#known.has(topic)) return;
    this.core.checkTopic(topic);
    if (this.#known.size === MOST_KNOWN) this.#known.clear();
    this.#known.add(topic);
  }
}
