// SPDX-License-Identifier: MIT

/** So many events may wait before the client is held back. */
const MANY = 256;

/** Has the events of a socket happen in order, each in a turn of the event loop of its own. */
export class OneByOne {
  readonly #waiting: (() => void)[] = [];
  readonly #onMany: (areMany: boolean) => void;
  #areMany = false;

  /** `onMany` is told when many events wait, and when none does any more. */
  constructor(onMany: (areMany: boolean) => void) {
    this.#onMany = onMany;
  }

  take(event: () => void): void {
    const count = this.#waiting.push(event);
    if (count === 1) setImmediate(() => this.#next());
    if (count < MANY || this.#areMany) return;
    this.#areMany = true;
    this.#onMany(true);
  }

  #next(): void {
    const event = this.#waiting[0] as () => void;
    try {
      event();
    } finally {
      this.#waiting.shift();
      if (this.#waiting.length > 0) setImmediate(() => this.#next());
      else if (this.#areMany) {
        this.#areMany = false;
        this.#onMany(false);
      }
    }
  }
}
