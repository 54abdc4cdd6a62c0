// SPDX-License-Identifier: MIT

import type { KeptMessage } from './kept_message.js';
import type { LiveWindow } from './live_window.js';
import type { Page } from './pages.js';

/** Somebody who is to have what a stream has, and then what comes live. */
export interface Follower {
  /** Has all that comes live, since it was restarted last. */
  readonly window: LiveWindow;
  /** Fulfilled when what comes live has come as far as `sequence`; undefined: it has. */
  reached(sequence: number): Promise<void> | undefined;
  /** What the stream has behind `after`, at the time of the call at least. */
  read(after: number): Promise<Page>;
  /**
   * The stream does not go on behind `after` but with `from`: lies before it, or has lost something.
   * Returns behind which sequence to go on.
   */
  onBreak(after: number, from: number): number;
  /** Gives a message; undefined, or what is to be waited for before the next. */
  take(message: KeptMessage): Promise<void> | undefined;
  /** Waits for that. True: it was so long that the rest has been forgotten, and is to be read again. */
  wait(taken: Promise<void>): Promise<boolean>;
}

/**
 * Gives all behind `after` in order, once each, and calls `joined` at the very moment from which on
 * all that comes is newer.
 *
 * What comes live comes in the order of the stream. So what is stored after a page was asked for comes
 * into the window, and what was stored before is in the page, or behind it: nothing is left out. And
 * by its sequence nothing is given twice, when what is live has come as far as the page.
 */
export async function catchUp(
  follower: Follower,
  after: number,
  joined: (last: number) => void,
): Promise<void> {
  const { window } = follower;
  let last = after;
  /** False: the rest is to be read again. */
  const give = async (messages: Iterable<KeptMessage>): Promise<boolean> => {
    for (const message of messages) {
      if (message.sequence <= last) continue;
      last = message.sequence;
      const taken = follower.take(message);
      if (taken !== undefined && (await follower.wait(taken))) return false;
    }
    return true;
  };
  await follower.reached(0);
  for (;;) {
    window.restart();
    const page = await follower.read(last);
    if (page.from !== last + 1) {
      last = follower.onBreak(last, page.from);
      if (last !== page.from - 1) continue;
    }
    if (!(await give(page.messages)) || page.more) continue;
    await follower.reached(last);
    // What comes live while the last is being waited for makes another round.
    let isGiven = true;
    while (isGiven && window.isWhole && !window.isEmpty) isGiven = await give(shifted(window));
    if (!isGiven || !window.isWhole) continue;
    joined(last);
    return;
  }
}

function* shifted(window: LiveWindow): Iterable<KeptMessage> {
  for (;;) {
    const message = window.shift();
    if (message === undefined) return;
    yield message;
  }
}
