// SPDX-License-Identifier: MIT
// What joins a server to a bus.

import { isUtf8 } from 'node:buffer';
import { bytesOf } from '../base/bytes.js';
import { errors, type WSServerError } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';
import { Opcode, UNCOMPRESSED } from '../boundary/outbox.js';
import type { Bus } from './bus.js';
import type { Publication } from './publication.js';

/** The subject of what is for all who are connected; that of a topic has the other before it. */
const EVERYBODY = 'everybody';
const TOPIC = 'topic.';
/** Whom an error is about: nobody. */
const NOBODY = 0;

/** What a message may begin with: others may write to the subjects of a bus as well. */
const KINDS: readonly number[] = [Opcode.text, Opcode.binary].flatMap((opcode) => [
  opcode,
  opcode | UNCOMPRESSED,
]);

/**
 * Takes what a server publishes to its bus, and publishes what comes from there: to topics that
 * somebody is subscribed to. A message is a byte, its opcode and UNCOMPRESSED, and its payload. What
 * is none is told by Error.
 */
export class BusLink {
  readonly #bus: Bus;
  readonly #core: NativeServer;
  readonly #deliver: (publication: Publication) => void;
  /** What ends the subscription to each pattern. */
  readonly #ends = new Map<string, () => void>();
  readonly #endEverybody: () => void;

  /** What comes from the bus is given to `deliver`, which may throw. */
  constructor(bus: Bus, core: NativeServer, deliver: (publication: Publication) => void) {
    this.#bus = bus;
    this.#core = core;
    this.#deliver = deliver;
    this.#endEverybody = bus.subscribe(EVERYBODY, this.#take);
  }

  /** `kind`: an opcode, perhaps with UNCOMPRESSED. An empty topic is everybody. */
  publish(topic: string, data: string | Uint8Array, kind: number): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : (bytesOf(data) ?? data);
    const message = Buffer.allocUnsafeSlow(1 + bytes.length);
    message[0] = kind;
    message.set(bytes, 1);
    this.#bus.publish(topic === '' ? EVERYBODY : TOPIC + topic, message);
  }

  /** Somebody is subscribed to `pattern` here, or nobody any more. */
  onInterest(pattern: string, wanted: boolean): void {
    this.#ends.get(pattern)?.();
    this.#ends.delete(pattern);
    if (wanted) this.#ends.set(pattern, this.#bus.subscribe(TOPIC + pattern, this.#take));
  }

  close(): void {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
    this.#endEverybody();
  }

  readonly #take = (subject: string, bytes: Uint8Array): void => {
    const kind = bytes[0] ?? 0;
    const payload = bytes.subarray(1);
    const topic = subject === EVERYBODY ? '' : subject.slice(TOPIC.length);
    const isText = (kind & ~UNCOMPRESSED) === Opcode.text;
    try {
      if (!KINDS.includes(kind) || (isText && !isUtf8(payload))) {
        throw errors.invalidArgument(`What the bus has brought for ${subject} is no message.`);
      }
      this.#deliver({ topic, kind, payload });
    } catch (error) {
      const { code, message } = error as WSServerError;
      this.#core.reportError(NOBODY, code, message);
    }
  };
}
