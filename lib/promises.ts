// SPDX-License-Identifier: MIT

import { setMaxListeners } from 'node:events';
import { WSServerError } from './errors.js';

/** What every method that waits can be given. */
export interface WaitOptions {
  /** Ends the waiting: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * The signal of what a method was given to wait with.
 * @throws {@link WSServerError} 10022 when it is something else
 */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal ?? undefined;
  if (signal === undefined || isSignal(signal)) return signal;
  throw new WSServerError(10022, 'The signal is to be an AbortSignal.');
}

/** By what it can do: one of another realm is no instance of ours. */
function isSignal(value: Partial<AbortSignal>): boolean {
  return typeof value.addEventListener === 'function' && typeof value.aborted === 'boolean';
}

/** `promise`, whose rejection does not end the process when nobody awaits it. */
export function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** What `promise` comes to, unless `signal` is aborted before; `onAbort` is called then. */
export function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
  onAbort: () => void = () => {},
): Promise<Value> {
  if (signal === undefined) return promise;
  const either = new Promise<Value>((resolve, reject) => {
    const abort = (): void => {
      onAbort();
      reject(signal.reason);
    };
    const settled = (): void => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).finally(settled);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  return handled(either);
}

/** One whose signal any number may listen to: Node does not warn of a leak. */
export function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * A signal that is aborted with the first of several. Unlike AbortSignal.any() it leaves nothing
 * behind in those that live longer.
 */
export class FirstSignal {
  readonly #controller = new AbortController();
  readonly #signals: readonly AbortSignal[];
  readonly #abort = (): void => {
    this.#controller.abort(this.#signals.find(({ aborted }) => aborted)?.reason);
  };

  constructor(signals: readonly AbortSignal[]) {
    this.#signals = signals;
    if (signals.some(({ aborted }) => aborted)) this.#abort();
    for (const signal of signals) signal.addEventListener('abort', this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It is not needed any more. */
  release(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#abort);
  }
}
