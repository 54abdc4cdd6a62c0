// SPDX-License-Identifier: MIT

import { OVERHEAD } from '../../bus/bounds.js';
import type { KeptMessage } from './kept_message.js';

/**
 * The messages that come live while somebody catches up: all since restart(), as far as there is
 * room for them.
 */
export class LiveWindow {
  readonly #mostBytes: number;
  #messages: KeptMessage[] = [];
  #next = 0;
  #bytes = 0;
  #isWhole = true;

  /** `mostBytes`, each message with OVERHEAD, have room. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether nothing has been left out. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  restart(): void {
    this.#messages = [];
    this.#next = 0;
    this.#bytes = 0;
    this.#isWhole = true;
  }

  push(message: KeptMessage): void {
    this.#bytes += message.payload.byteLength + OVERHEAD;
    if (this.#isWhole && this.#bytes <= this.#mostBytes) {
      this.#messages.push(message);
      return;
    }
    this.#messages = [];
    this.#next = 0;
    this.#isWhole = false;
  }

  /** Takes the first out. */
  shift(): KeptMessage | undefined {
    const message = this.#messages[this.#next];
    if (message === undefined) return undefined;
    this.#next++;
    this.#bytes -= message.payload.byteLength + OVERHEAD;
    if (this.#next === this.#messages.length) {
      this.#messages = [];
      this.#next = 0;
    }
    return message;
  }
}
