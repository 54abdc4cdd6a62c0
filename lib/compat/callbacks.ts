// SPDX-License-Identifier: MIT
// Callbacks behind the arguments, in the manner of the older Node.js edition.

import type { WSServerError } from '../base/errors.js';
import { handled, rejected } from '../base/promises.js';

/** Called in Node's manner when a method is done; the error is null when it has succeeded. */
export type Callback<Result> = (error: WSServerError | null, result?: Result) => void;

/** `Methods` that return nothing where a callback is given, which is told what they would. */
export type CallsBack<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? Methods[Name] & ((...args: [...Args, callback: Callback<Result>]) => void)
    : never;
};

type AnyCallback = (error: unknown, result?: unknown) => void;

/** What `act` comes to, as a promise. */
function promiseOf(act: () => unknown): Promise<unknown> {
  try {
    return handled(Promise.resolve(act()));
  } catch (error) {
    return rejected(error);
  }
}

/**
 * What `act` comes to, as a promise; `callback`, if it is one, is told it too. What a callback
 * throws is an uncaught exception.
 */
export function callBack(callback: unknown, act: () => unknown): Promise<unknown> {
  const promise = promiseOf(act);
  if (typeof callback !== 'function') return promise;
  const call = callback as AnyCallback;
  promise.then(
    (result) => process.nextTick(call, null, result),
    (error) => process.nextTick(call, error),
  );
  return promise;
}

/** What `act` returns or throws; where there is a callback, that is told it in place of the caller. */
export function orCallBack(callback: unknown, act: () => unknown): unknown {
  if (typeof callback !== 'function') return act();
  void callBack(callback, act);
  return undefined;
}
