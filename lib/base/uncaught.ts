// SPDX-License-Identifier: MIT
// What handlers throw: never lost, and never in the way of others.

/** The exceptions that {@link throwFirst} will throw; undefined while it does not run. */
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
 * Calls what runs the loop. The first exception of a handler is thrown from here: later, as others
 * are, it might never be, because the caller need not let Node's loop go on. The rest are.
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
