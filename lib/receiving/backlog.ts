// SPDX-License-Identifier: MIT

import type { DataInEvent } from '../events/events.js';

/** When so many messages, or bytes of payload, wait, reading from the socket stops. */
const MAX_MESSAGES = 64;
const MAX_BYTES = 1024 * 1024;

interface Link {
  readonly event: DataInEvent;
  next: Link | undefined;
}

/**
 * Messages that have come and wait, in their order. Takes more than its bound: some are on their
 * way already when reading stops.
 */
export class Backlog {
  #first: Link | undefined;
  #last: Link | undefined;
  #messages = 0;
  #bytes = 0;
  #full = false;

  get empty(): boolean {
    return this.#first === undefined;
  }

  /** Whether reading should stop: from when the bound is reached until half of it has been taken. */
  get full(): boolean {
    return this.#full;
  }

  add(event: DataInEvent): void {
    const link: Link = { event, next: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#messages++;
    this.#bytes += event.byteLength;
    if (this.#messages >= MAX_MESSAGES || this.#bytes >= MAX_BYTES) this.#full = true;
  }

  /** Adds all that waits in another, which is empty afterwards. */
  addAll(others: Backlog): void {
    for (let event = others.take(); event !== undefined; event = others.take()) this.add(event);
  }

  take(): DataInEvent | undefined {
    const link = this.#first;
    if (link === undefined) return undefined;
    this.#first = link.next;
    if (link.next === undefined) this.#last = undefined;
    this.#messages--;
    this.#bytes -= link.event.byteLength;
    if (this.#messages * 2 <= MAX_MESSAGES && this.#bytes * 2 <= MAX_BYTES) this.#full = false;
    return link.event;
  }
}
