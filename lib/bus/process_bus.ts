// SPDX-License-Identifier: MIT

import type { Bus, BusHandler } from './bus.js';
import { type Channel, forEachPublication, type Publications } from './channel.js';
import { Subscriptions } from './subscriptions.js';

/** The bus of a process that has a {@link Hub} for its parent. */
export class ProcessBus implements Bus {
  readonly #channel: Channel;
  readonly #subscriptions = new Subscriptions((kind, subject) => {
    if (!this.#closed) void this.#channel.send({ kind, subject });
  });
  #closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get lost(): number {
    return this.#channel.lost;
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (!this.#closed) this.#channel.publish(subject, bytes);
  }

  subscribe(subject: string, handler: BusHandler): () => void {
    return this.#subscriptions.add(subject, handler);
  }

  /** Something has come from the parent. */
  take(publications: Publications): void {
    forEachPublication(publications, (subject, bytes) => {
      if (!this.#closed) this.#subscriptions.deliver(subject, bytes);
    });
  }

  close(): void {
    for (const subject of this.#subscriptions.subjects()) {
      void this.#channel.send({ kind: 'unsubscribe', subject });
    }
    this.#closed = true;
  }
}
