import assert from 'node:assert/strict';

/**
 * What has not come after so long, in ms, will not come any more: the test fails. A machine with
 * five times as much to do as it can still brings everything by then.
 */
export const PATIENCE_MS = 60_000;

/** That something has not come before its time. How late it comes is the machine's affair. */
export function assertAtLeast(ms: number, took: number): void {
  assert.ok(took >= ms, `${took} ms, and not ${ms}`);
}
