// SPDX-License-Identifier: MIT

import { randomBytes } from 'node:crypto';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { OVERHEAD } from '../bus/bounds.js';
import { writeId, writeKind } from './envelope.js';

/** So long after a message NATS is asked to confirm it, and all that have followed, in ms. */
const CONFIRM_MS = 20;

/** A message, by its subject at NATS. `kind` undefined: it is none of a topic. */
interface Message {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly kind: number | undefined;
}

const sizeOf = ({ payload }: Message): number => payload.byteLength + OVERHEAD;

/** What the bus sends: no more than NATS takes, and counted where it does not get there. */
export class Outgoing {
  readonly #most: number;
  readonly #keeps: boolean;
  readonly #makeHeaders: () => MsgHdrs;
  /** Undefined while it is away. */
  #connection: NatsConnection | undefined;
  /** What says of messages who has sent them, since the connection has come to be. */
  #sender = '';
  #lastNumber = 0;
  /** Sent, and not confirmed. */
  #count = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #kept: Message[] = [];
  #lost = 0;

  /** `most` bytes may wait; `keeps` says whether they do so while NATS is away. */
  constructor(most: number, keeps: boolean, makeHeaders: () => MsgHdrs) {
    this.#most = most;
    this.#keeps = keeps;
    this.#makeHeaders = makeHeaders;
  }

  /** How many messages NATS has not had, or has not said that it has. */
  get lost(): number {
    return this.#lost;
  }

  /** `payload` must stay as it is. */
  publish(message: Message): void {
    const size = sizeOf(message);
    if (this.#bytes + size > this.#most || (this.#connection === undefined && !this.#keeps)) {
      this.#lost++;
      return;
    }
    if (this.#connection === undefined) {
      this.#bytes += size;
      this.#kept.push(message);
    } else {
      this.#send(this.#connection, message, size);
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
    const kept = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    for (const message of kept) this.#send(connection, message, sizeOf(message));
  }

  /** NATS has gone: whether it has had what it has not confirmed, nobody knows. */
  onAway(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#sender = '';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lost += this.#count;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** No more is sent. */
  onClosed(): void {
    clearTimeout(this.#timer);
    this.#lost += this.#kept.length;
    this.#kept = [];
  }

  #send(connection: NatsConnection, { subject, payload, kind }: Message, size: number): void {
    const headers = this.#makeHeaders();
    if (kind !== undefined) writeKind(headers, kind);
    writeId(headers, { sender: this.#sender, number: ++this.#lastNumber });
    try {
      connection.publish(subject, payload, { headers });
    } catch {
      // This server takes less than the one before.
      this.#lost++;
      return;
    }
    this.#count++;
    this.#bytes += size;
    this.#timer ??= setTimeout(() => this.#confirm(connection), CONFIRM_MS);
  }

  #confirm(connection: NatsConnection): void {
    const [sender, count, bytes] = [this.#sender, this.#count, this.#bytes];
    connection.flush().then(
      () => {
        if (sender !== this.#sender) return;
        this.#count -= count;
        this.#bytes -= bytes;
        this.#timer =
          this.#count > 0 ? setTimeout(() => this.#confirm(connection), CONFIRM_MS) : undefined;
      },
      // It has gone: onAway() counts.
      () => {},
    );
  }
}
