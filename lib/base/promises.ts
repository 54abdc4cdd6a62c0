// SPDX-License-Identifier: MIT

import { errors } from './errors.js';

/** What every method that waits can be given. */
export interface WaitOptions {
  /** Ends the waiting: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The one promise that all methods return that have succeeded: a send makes none of its own. */
export const DONE: Promise<void> = Promise.resolve();

/**
 * The signal of what a method was given to wait with.
 * @throws {@link WSServerError} 10022 when it is something else
 */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal ?? undefined;
  if (signal === undefined || isSignal(signal)) return signal;
  throw errors.invalidArgument('The signal is to be an AbortSignal.');
}

/** Judged by its members: a signal of another realm is no instance of our AbortSignal. */
function isSignal(value: Partial<AbortSignal>): boolean {
  return typeof value.addEventListener === 'function' && typeof value.aborted === 'boolean';
}

/** `promise`, whose rejection does not end the process when nobody awaits it. */
export function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** A rejected promise that does not end the process when nobody awaits it. */
export function rejected(error: unknown): Promise<never> {
  return handled(Promise.reject(error));
}

/** What `act` comes to; what it throws, as a rejection. */
export function attempt<Value>(act: () => Value | Promise<Value>): Promise<Value> {
  try {
    return Promise.resolve(act());
  } catch (error) {
    return rejected(error);
  }
}

/** Whether it can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

type OnAbort = (reason: unknown) => void;

/** Those who wait for one signal, with one listener for all: Node warns when there are more than ten. */
class Abortion {
  readonly #signal: AbortSignal;
  readonly #acts = new Set<OnAbort>();
  readonly #listener = (): void => {
    const acts = [...this.#acts];
    for (const act of acts) this.delete(act);
    for (const act of acts) act(this.#signal.reason);
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(act: OnAbort): void {
    if (this.#acts.size === 0) this.#signal.addEventListener('abort', this.#listener);
    this.#acts.add(act);
  }

  delete(act: OnAbort): void {
    this.#acts.delete(act);
    if (this.#acts.size === 0) this.#signal.removeEventListener('abort', this.#listener);
  }
}

const abortions = new WeakMap<AbortSignal, Abortion>();

/** Has `act` called with the reason when `signal` is aborted; what is returned calls that off. */
export function onAbort(signal: AbortSignal | undefined, act: OnAbort): () => void {
  if (signal === undefined) return () => {};
  const abortion = abortions.get(signal) ?? new Abortion(signal);
  abortions.set(signal, abortion);
  abortion.add(act);
  return () => abortion.delete(act);
}

/** What `promise` comes to, unless `signal` is aborted before; `cancel` is called then. */
export function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
  cancel: () => void = () => {},
): Promise<Value> {
  if (signal === undefined) return promise;
  const either = new Promise<Value>((resolve, reject) => {
    const abort = (reason: unknown): void => {
      cancel();
      reject(reason);
    };
    if (signal.aborted) abort(signal.reason);
    promise.then(resolve, reject).finally(onAbort(signal, abort));
  });
  return handled(either);
}

/**
 * A signal that is aborted with the first of several. Unlike AbortSignal.any() it can be released:
 * then nothing of it is left in those that live longer.
 */
export class FirstSignal {
  readonly #controller = new AbortController();
  readonly #forget: (() => void)[];

  constructor(signals: readonly AbortSignal[]) {
    const abort = (reason: unknown): void => this.#controller.abort(reason);
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) abort(aborted.reason);
    this.#forget = signals.map((signal) => onAbort(signal, abort));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It is not needed any more. */
  release(): void {
    for (const forget of this.#forget) forget();
  }
}
