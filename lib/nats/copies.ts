// SPDX-License-Identifier: MIT

import type { Envelope } from './envelope.js';

/** So many senders are known; then those are forgotten of whom nothing has come for longest. */
const MOST_SENDERS = 10_000;

/**
 * Tells copies of messages from new ones: NATS brings one for each subscription that a message
 * matches, and the messages of one sender in order.
 */
export class Copies {
  /** The number of the last message of each sender; in two generations, of which the older goes. */
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  /** Whether it has not come before. */
  isNew({ sender, number }: Envelope): boolean {
    const last = this.#young.get(sender) ?? this.#old.get(sender) ?? 0;
    if (number <= last) return false;
    if (this.#young.size >= MOST_SENDERS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(sender, number);
    return true;
  }
}
