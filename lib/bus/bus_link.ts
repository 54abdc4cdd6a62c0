// SPDX-License-Identifier: MIT
// What joins a server to a bus.

import { errors, type WSServerError } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';
import type { Bus } from './bus.js';
import { decodeMessage, encodeMessage, payloadOf, subjectOf, topicOf } from './message.js';
import type { Publication } from './publication.js';

/** Whom an error is about: nobody. */
const NOBODY = 0;

/**
 * Takes what a server publishes to its bus, and publishes what comes from there: to topics that
 * somebody is subscribed to. What is no message, and what is wrong with the bus, is told by Error.
 */
export class BusLink {
  readonly #bus: Bus;
  readonly #core: NativeServer;
  readonly #deliver: (publication: Publication) => unknown;
  /** What ends the subscription to each pattern. */
  readonly #ends = new Map<string, () => void>();
  readonly #endEverybody: () => void;
  readonly #endWatch: (() => void) | undefined;

  /** What comes from the bus is given to `deliver`, which may throw. */
  constructor(bus: Bus, core: NativeServer, deliver: (publication: Publication) => unknown) {
    this.#bus = bus;
    this.#core = core;
    this.#deliver = deliver;
    this.#endEverybody = bus.subscribe(subjectOf(''), this.#take);
    this.#endWatch = bus.watch?.((trouble) => this.#tell(trouble));
  }

  /**
   * `kind`: an opcode, perhaps with UNCOMPRESSED. An empty topic is everybody.
   * @throws {@link WSServerError} 10040 when the bus takes no message of this size
   */
  publish(topic: string, data: string | Uint8Array, kind: number): void {
    const payload = payloadOf(data);
    this.#requireFits(payload);
    this.#bus.publish(subjectOf(topic), encodeMessage(kind, payload));
  }

  /**
   * Has the bus keep it; `except` is a connection of this server that does not get it. Fulfilled with
   * to how many connections of this server it was put on the way; undefined: nothing is kept of that.
   * @throws {@link WSServerError} 10040 as publish(), 10055 when too much waits to be kept
   */
  keep(
    topic: string,
    data: string | Uint8Array,
    kind: number,
    except: number | undefined,
  ): Promise<number> | undefined {
    const { history } = this.#bus;
    if (history === undefined || !history.keeps(topic)) return undefined;
    const payload = Uint8Array.from(payloadOf(data));
    this.#requireFits(payload);
    return history.publish(topic, kind, payload, except).then(({ count }) => count);
  }

  #requireFits(payload: Uint8Array): void {
    const most = this.#bus.maxPayload ?? Number.POSITIVE_INFINITY;
    if (payload.length > most) {
      throw errors.messageTooLong(
        `The bus takes up to ${most} bytes, not ${payload.length}: send it in several messages.`,
      );
    }
  }

  /** Somebody is subscribed to `pattern` here, or nobody any more. */
  onInterest(pattern: string, wanted: boolean): void {
    this.#ends.get(pattern)?.();
    this.#ends.delete(pattern);
    if (wanted) this.#ends.set(pattern, this.#bus.subscribe(subjectOf(pattern), this.#take));
  }

  close(): void {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
    this.#endEverybody();
    this.#endWatch?.();
  }

  readonly #take = (subject: string, bytes: Uint8Array): void => {
    const message = decodeMessage(bytes);
    try {
      if (message === undefined) {
        throw errors.invalidArgument(`What the bus has brought for ${subject} is no message.`);
      }
      this.#deliver({ topic: topicOf(subject) as string, ...message });
    } catch (error) {
      this.#tell(error as WSServerError);
    }
  };

  #tell({ code, message }: WSServerError): void {
    this.#core.reportError(NOBODY, code, message);
  }
}
