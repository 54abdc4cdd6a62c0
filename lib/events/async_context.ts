// SPDX-License-Identifier: MIT
// What Node.js lets follow a chain of callbacks (AsyncLocalStorage, async hooks), kept apart for each
// connection: the whole of a batch is one callback to Node, so that what the handler of one connection
// enters would be seen by those of all others.

import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks';
import type { EventName } from './events.js';

/** What is known of the use of async context in this thread. */
interface Usage {
  /** Whether anything has been used that could tell one context from another; for good. */
  used: boolean;
  /** How often a context has been entered (enterWith). */
  entries: number;
}

/** Where a copy of this module finds what another has attached: one is enough for all of them. */
const ATTACHED = Symbol.for('native-wsserver.asyncContextUsage');

/**
 * A context for each connection costs a fifth of a small message, and Node does not say whether
 * async context is in use at all. So we wrap the two methods through which it comes into use: those
 * that enter a context for good, and enable a hook.
 */
function attach(): Usage {
  const storage = AsyncLocalStorage.prototype;
  const { enterWith } = storage;
  const attached = (enterWith as { [ATTACHED]?: Usage })[ATTACHED];
  if (attached !== undefined) return attached;

  const usage: Usage = { used: false, entries: 0 };
  const hook = Object.getPrototypeOf(createHook({})) as ReturnType<typeof createHook>;
  const { enable } = hook;
  const methods = {
    enterWith(this: AsyncLocalStorage<unknown>, store: unknown): void {
      usage.used = true;
      usage.entries++;
      enterWith.call(this, store);
    },
    enable(this: typeof hook) {
      usage.used = true;
      return enable.call(this);
    },
  };
  Object.defineProperty(methods.enterWith, ATTACHED, { value: usage });
  const define = (owner: object, name: keyof typeof methods): boolean =>
    Reflect.defineProperty(owner, name, { value: methods[name] });
  // Where they are frozen we are not told: then every connection gets a context.
  usage.used = !define(storage, 'enterWith') || !define(hook, 'enable');
  return usage;
}

export const usage: Usage = attach();

/** Finds out about hooks that were enabled before this module was loaded: only under hooks does each
 * promise have an id of its own. */
function lookForHooks(): void {
  const id = Promise.resolve().then(executionAsyncId);
  void id.then((first) => {
    if (first !== executionAsyncId()) usage.used = true;
  });
}

/** Events that also come of connections that never open; nobody is told when those end. */
const OF_ANY: ReadonlySet<EventName> = new Set<EventName>(['SSLStatus', 'Error', 'Log']);

/** Whether a connection that has had this event has its end told, too. */
export function endIsTold(name: EventName): boolean {
  return !OF_ANY.has(name);
}

/**
 * The contexts of one server's connections. Each begins as a copy of the one in which the server
 * was made. There are none while async context is not in use.
 */
export class Contexts {
  readonly #server = new AsyncResource('WSServer');
  readonly #connections = new Map<number, AsyncResource>();

  constructor() {
    lookForHooks();
  }

  /**
   * Calls handlers of a connection, 0 for the server itself, in its context; `act` must not throw.
   * If it `lasts`, the connection's next handlers find what these have entered, until forget().
   */
  run<Result>(connectionId: number, act: () => Result, lasts = true): Result {
    if (!usage.used) {
      const result = act();
      if (usage.used && lasts) this.adopt(connectionId);
      return result;
    }
    const known = this.#connections.get(connectionId);
    const resource = known ?? this.#make();
    if (lasts) this.#connections.set(connectionId, resource);
    const { entries } = usage;
    const isKept = (): boolean => this.#connections.get(connectionId) === resource;
    return resource.runInAsyncScope(() => {
      const result = act();
      if (entries !== usage.entries && isKept()) this.adopt(connectionId);
      else if (!lasts && !isKept()) resource.emitDestroy();
      return result;
    });
  }

  /** The current context, as handlers have left it, is the connection's from now on. */
  adopt(connectionId: number): void {
    this.forget(connectionId);
    this.#connections.set(connectionId, connectionResource());
  }

  forget(connectionId: number): void {
    this.#connections.get(connectionId)?.emitDestroy();
    this.#connections.delete(connectionId);
  }

  #make(): AsyncResource {
    return this.#server.runInAsyncScope(connectionResource);
  }
}

/** A copy of the current context. */
function connectionResource(): AsyncResource {
  return new AsyncResource('WSConnection', { requireManualDestroy: true });
}
