// SPDX-License-Identifier: MIT

/** What every method that waits can be given. */
export interface WaitOptions {
  /** Ends the waiting: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * What `promise` comes to, unless `signal` is aborted before. A rejection does not end the process
 * when nobody awaits it.
 */
export function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return promise;
  const either = new Promise<Value>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).finally(settled);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
  either.catch(() => {});
  return either;
}
