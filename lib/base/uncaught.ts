// SPDX-License-Identifier: MIT
// What handlers throw: never lost, and never in the way of others.

/** What has been thrown while {@link throwFirst} runs, which will throw it; else undefined. */
let thrown: unknown[] | undefined;

/** Has {@link throwFirst} throw `error`, if it runs. Returns whether it does. */
export function pushThrown(error: unknown): boolean {
  thrown?.push(error);
  return thrown !== undefined;
}

/** An exception of a handler must neither be lost nor keep the other handlers from their events. */
export function throwLater(error: unknown): void {
  if (pushThrown(error)) return;
  process.nextTick(() => {
    throw error;
  });
}

/**
 * Runs the loop for a caller who may never let Node go on. What handlers throw meanwhile is thrown
 * from here: the first at once, the others later.
 */
export function throwFirst(run: () => void): void {
  const outer = thrown;
  const own: unknown[] = [];
  thrown = own;
  try {
    run();
  } finally {
    thrown = outer;
  }
  own.slice(1).forEach(throwLater);
  if (own.length > 0) throw own[0];
}
