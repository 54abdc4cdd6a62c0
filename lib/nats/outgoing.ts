// SPDX-License-Identifier: MIT

import { randomBytes } from 'node:crypto';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { OVERHEAD } from '../bus/bounds.js';
import type { Envelope } from './envelope.js';

/** So long after a message NATS is asked to confirm it, and all that have followed, in ms. */
const CONFIRM_MS = 20;
/** What is kept waits for so long when NATS is back, in ms: others come back as well, to hear of it. */
const SETTLE_MS = 2000;

/** A message, by its subject at NATS. */
interface Message {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** An opcode, perhaps with UNCOMPRESSED; 0: it is none of a topic. */
  readonly kind: number;
}

const sizeOf = ({ payload }: Message): number => payload.byteLength + OVERHEAD;

/** What the bus sends: no more than NATS takes, and counted where it does not get there. */
export class Outgoing {
  readonly #most: number;
  readonly #keeps: boolean;
  readonly #seal: (envelope: Envelope) => MsgHdrs;
  /** Undefined while it is away. */
  #connection: NatsConnection | undefined;
  /** What says of messages who has sent them, since the connection has come to be. */
  #sender = '';
  #lastNumber = 0;
  /** Sent to topics, and not confirmed. Who has sent something else waits for an answer, or does not mind. */
  #count = 0;
  /** Of all that is not confirmed, and of what is kept, each with OVERHEAD. */
  #bytes = 0;
  #confirming: NodeJS.Timeout | undefined;
  #kept: Message[] = [];
  #settling: NodeJS.Timeout | undefined;
  #lost = 0;

  /** `most` bytes may wait; `keeps` says whether they do so while NATS is away; `seal` makes headers. */
  constructor(most: number, keeps: boolean, seal: (envelope: Envelope) => MsgHdrs) {
    this.#most = most;
    this.#keeps = keeps;
    this.#seal = seal;
  }

  /** How many messages NATS has not had, or has not said that it has. */
  get lost(): number {
    return this.#lost;
  }

  /** How many are kept, or not confirmed. */
  get pending(): number {
    return this.#count + this.#kept.length;
  }

  /** `payload` must stay as it is. */
  publish(message: Message): void {
    const size = sizeOf(message);
    const waits = this.#connection === undefined || this.#settling !== undefined;
    if (this.#bytes + size > this.#most || (waits && !this.#keeps)) {
      this.#lost++;
    } else if (waits) {
      this.#bytes += size;
      this.#kept.push(message);
    } else {
      this.#send(message, size);
    }
  }

  /** NATS did not want a message that it has had. */
  onRefused(): void {
    this.#lost++;
  }

  /** NATS is there, or there again. */
  onConnected(connection: NatsConnection): void {
    this.#connection = connection;
    // What comes over another connection may get past what was sent over the old one.
    this.#sender = randomBytes(6).toString('base64url');
    this.#lastNumber = 0;
    if (this.#kept.length > 0) this.#settling = setTimeout(() => this.#sendKept(), SETTLE_MS);
  }

  /** NATS has gone: whether it has had what it has not confirmed, nobody knows. */
  onAway(): void {
    this.#stop();
    this.#lost += this.#count;
    this.#count = 0;
    this.#bytes = this.#kept.reduce((bytes, message) => bytes + sizeOf(message), 0);
  }

  /** No more is sent; what has been sent is still waited for. */
  onClosed(): void {
    this.#stop();
    this.#count = 0;
    this.#lost += this.#kept.length;
    this.#kept = [];
  }

  #stop(): void {
    this.#connection = undefined;
    this.#sender = '';
    clearTimeout(this.#confirming);
    clearTimeout(this.#settling);
    this.#confirming = undefined;
    this.#settling = undefined;
  }

  #sendKept(): void {
    this.#settling = undefined;
    const kept = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    for (const message of kept) this.#send(message, sizeOf(message));
  }

  #send({ subject, payload, kind }: Message, size: number): void {
    const headers = this.#seal({ kind, sender: this.#sender, number: ++this.#lastNumber });
    try {
      this.#connection?.publish(subject, payload, { headers });
    } catch {
      // This server takes less than the one before.
      this.#lost++;
      return;
    }
    if (kind !== 0) this.#count++;
    this.#bytes += size;
    this.#confirming ??= setTimeout(() => this.#confirm(), CONFIRM_MS);
  }

  #confirm(): void {
    const [sender, count, bytes] = [this.#sender, this.#count, this.#bytes];
    this.#connection?.flush().then(
      () => {
        if (sender !== this.#sender) return;
        this.#count -= count;
        this.#bytes -= bytes;
        this.#confirming =
          this.#bytes > 0 ? setTimeout(() => this.#confirm(), CONFIRM_MS) : undefined;
      },
      // It has gone: onAway() counts.
      () => {},
    );
  }
}
