// SPDX-License-Identifier: MIT

const FIRST_MS = 100;
const MOST_MS = 30_000;
/** Who has lived for so long begins anew. */
const LONG_LIFE_MS = 60_000;

/** How long to wait before what has died is started again: twice as long each time. */
export class BackOff {
  #nextMs = FIRST_MS;

  /** The next delay, in ms, after a life of `livedMs`. */
  next(livedMs: number): number {
    if (livedMs >= LONG_LIFE_MS) this.#nextMs = FIRST_MS;
    const delay = this.#nextMs;
    this.#nextMs = Math.min(delay * 2, MOST_MS);
    return delay;
  }
}
