// SPDX-License-Identifier: MIT

import { setTimeout as sleep } from 'node:timers/promises';
import { errors, type WSServerError } from '../../base/errors.js';
import { covers } from '../../base/patterns.js';
import { Slots } from '../../base/slots.js';
import { catchUp, type Follower } from './catch_up.js';
import type { KeptMessage } from './kept_message.js';
import { LiveWindow } from './live_window.js';
import type { Page, Pages } from './pages.js';

/** So many catch up at once; who is slow waits without holding anything. */
const MOST_AT_ONCE = 32;
/** What comes live meanwhile for each of them, in bytes. */
const WINDOW_BYTES = 256 << 10;
/** So long it is tried to read what is kept, in ms. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 200;
/** What is live may lag behind what can be read for some of that, in ms. */
const LAG_MS = 5;

/** Somebody who comes back. */
export interface Resumption {
  readonly pattern: string;
  /** The sequence of the last message that it has had; 0: all that is kept. */
  readonly since: number;
  /** What is returned is waited for. */
  readonly take: (message: KeptMessage) => Promise<void> | undefined;
  readonly joined: () => void;
  /** The messages before this one are not kept any more. */
  readonly onGap: (first: number) => void;
  readonly signal: AbortSignal;
}

/** Those who come back to a stream. */
export class Resumes {
  readonly #pages: Pick<Pages, 'read'>;
  /** The last sequence that has come live; undefined: nothing comes yet. */
  readonly #position: () => number | undefined;
  /** The last sequence of a stream that was there before this one; 0: there was none. */
  readonly #lost: () => number;
  readonly #slots = new Slots(MOST_AT_ONCE);
  /** What comes live for those who catch up. */
  readonly #windows = new Map<LiveWindow, string>();
  readonly #patienceMs: number;

  constructor(
    pages: Pick<Pages, 'read'>,
    position: () => number | undefined,
    patienceMs = PATIENCE_MS,
    lost = () => 0,
  ) {
    this.#lost = lost;
    this.#patienceMs = patienceMs;
    this.#pages = pages;
    this.#position = position;
  }

  /** A message has come live. */
  take(message: KeptMessage): void {
    for (const [window, pattern] of this.#windows) {
      if (covers(pattern, message.topic)) window.push(message);
    }
  }

  async resume(resumption: Resumption): Promise<{ gap: boolean }> {
    const { pattern, since, signal, take, joined } = resumption;
    let gap = false;
    let last = since;
    const window = new LiveWindow(WINDOW_BYTES);
    const enter = async (): Promise<void> => {
      await this.#slots.acquire();
      this.#windows.set(window, pattern);
    };
    const leave = (): void => {
      this.#windows.delete(window);
      window.restart();
      this.#slots.release();
    };
    const follower: Follower = {
      window,
      reached: (sequence) => this.#reached(sequence, signal),
      read: (after) => this.#read(pattern, after, signal),
      onBreak: (after, from) => {
        const isAhead = from <= after;
        if (isAhead && after > this.#lost()) {
          throw errors.invalidArgument(`No message of ${pattern} has the id ${after} yet.`);
        }
        // Who asks for all there is has missed nothing.
        if (last === 0) return from - 1;
        gap = true;
        resumption.onGap(isAhead ? 1 : from);
        // What it has had is of a stream that has been lost: all of this one is new to it.
        if (isAhead) last = 0;
        return isAhead ? 0 : from - 1;
      },
      take: (message) => {
        signal.throwIfAborted();
        last = message.sequence;
        return take(message);
      },
      wait: async (taken) => {
        leave();
        try {
          await taken;
        } finally {
          await enter();
        }
        signal.throwIfAborted();
        return true;
      },
    };
    signal.throwIfAborted();
    await enter();
    try {
      await catchUp(follower, since, joined);
      return { gap };
    } finally {
      leave();
    }
  }

  #reached(sequence: number, signal: AbortSignal): Promise<void> | undefined {
    return this.#isReached(sequence) ? undefined : this.#wait(sequence, signal);
  }

  /** @throws {@link WSServerError} 10060 when it does not come as far */
  async #wait(sequence: number, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    while (!this.#isReached(sequence)) {
      if (performance.now() - started > this.#patienceMs) throw notHad();
      await sleep(LAG_MS, undefined, { signal });
    }
  }

  /** Whether what comes live has come as far. */
  #isReached(sequence: number): boolean {
    return (this.#position() ?? -1) >= sequence;
  }

  async #read(pattern: string, after: number, signal: AbortSignal): Promise<Page> {
    const started = performance.now();
    for (;;) {
      signal.throwIfAborted();
      try {
        const page = await this.#pages.read(pattern, after);
        signal.throwIfAborted();
        return page;
      } catch (cause) {
        signal.throwIfAborted();
        if (performance.now() - started > this.#patienceMs) throw notHad(cause);
      }
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

function notHad(cause?: unknown): WSServerError {
  const sentence = 'NATS does not give what it has kept: try it again later.';
  return errors.timedOut(sentence, { cause });
}
