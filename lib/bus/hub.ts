// SPDX-License-Identifier: MIT

import { type BusOrder, type Channel, forEachPublication } from './channel.js';
import { Interests } from './interests.js';

/** The parent's part of the bus between processes: gives each what it wants of the others. */
export class Hub {
  readonly #interests = new Interests<Channel>();
  /** What each is interested in. */
  readonly #subjects = new Map<Channel, Set<string>>();
  #lostByThoseGone = 0;

  /** How many publications did not reach one of those who wanted them. */
  get lost(): number {
    let lost = this.#lostByThoseGone;
    for (const channel of this.#subjects.keys()) lost += channel.lost;
    return lost;
  }

  add(channel: Channel): void {
    this.#subjects.set(channel, new Set());
  }

  /** Its process has ended. */
  remove(channel: Channel): void {
    for (const subject of this.#subjects.get(channel) ?? []) {
      this.#interests.remove(subject, channel);
    }
    if (this.#subjects.delete(channel)) this.#lostByThoseGone += channel.lost;
  }

  /** Does what the process at the other end of `channel`, which has been added, asks for. */
  take(channel: Channel, order: BusOrder): void {
    if (order.kind === 'publish') {
      forEachPublication(order, (subject, bytes) => {
        for (const other of this.#interests.of(subject)) {
          if (other !== channel) other.publish(subject, bytes);
        }
      });
      return;
    }
    const { subject } = order;
    const subjects = this.#subjects.get(channel);
    if (order.kind === 'subscribe') {
      subjects?.add(subject);
      this.#interests.add(subject, channel);
    } else {
      subjects?.delete(subject);
      this.#interests.remove(subject, channel);
    }
  }
}
