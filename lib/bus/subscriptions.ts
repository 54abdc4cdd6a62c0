// SPDX-License-Identifier: MIT

import { throwLater } from '../base/uncaught.js';
import type { BusHandler } from './bus.js';
import { Interests } from './interests.js';

/** What has changed for a subject: it has its first subscription, or has lost its last. */
export type Change = 'subscribe' | 'unsubscribe';

/** The subscriptions of one bus. */
export class Subscriptions {
  readonly #onChange: (change: Change, subject: string) => void;
  readonly #handlers = new Interests<BusHandler>();
  /** How many subscriptions each subject has. */
  readonly #counts = new Map<string, number>();

  constructor(onChange: (change: Change, subject: string) => void) {
    this.#onChange = onChange;
  }

  subjects(): Iterable<string> {
    return this.#counts.keys();
  }

  /** Returns what ends it. */
  add(subject: string, handler: BusHandler): () => void {
    this.#handlers.add(subject, handler);
    this.#count(subject, 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#handlers.remove(subject, handler);
      this.#count(subject, -1);
    };
  }

  /** Calls each handler that is interested. What one throws keeps no other from it. */
  deliver(subject: string, bytes: Uint8Array): void {
    for (const handler of this.#handlers.of(subject)) {
      try {
        handler(subject, bytes);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  #count(subject: string, change: 1 | -1): void {
    const before = this.#counts.get(subject) ?? 0;
    const now = before + change;
    if (now > 0) this.#counts.set(subject, now);
    else this.#counts.delete(subject);
    if (before === 0) this.#onChange('subscribe', subject);
    if (now === 0) this.#onChange('unsubscribe', subject);
  }
}
