// SPDX-License-Identifier: MIT

import { captureRejectionSymbol, EventEmitter } from 'node:events';
import type { EventMap, EventName, Listener } from './events.js';

/** An EventEmitter that knows its events by name and type, and learns when its listeners change. */
export abstract class TypedEmitter extends EventEmitter {
  constructor() {
    super({ captureRejections: true });
  }

  /**
   * Reports what a handler's promise was rejected with; false: it is to be an uncaught exception.
   * @internal
   */
  abstract tells(error: unknown, event: unknown): boolean;

  /** Node calls it when a handler's promise is rejected. */
  override [captureRejectionSymbol](error: Error, name: string | symbol, event: unknown): void {
    if (name === 'Error' || !this.tells(error, event)) void Promise.reject(error);
  }

  /** Called after listeners have been added or removed. */
  protected abstract listenersChanged(): void;

  override on<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changed(super.on(name, listener));
  }

  override addListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.on(name, listener);
  }

  override once<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changed(super.once(name, listener));
  }

  override prependListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changed(super.prependListener(name, listener));
  }

  override prependOnceListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changed(super.prependOnceListener(name, listener));
  }

  override off<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.removeListener(name, listener);
  }

  override removeListener<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    return this.#changed(super.removeListener(name, listener));
  }

  override removeAllListeners(name?: EventName): this {
    // Node counts the arguments: to pass undefined is not the same as to pass nothing.
    return this.#changed(
      name === undefined ? super.removeAllListeners() : super.removeAllListeners(name),
    );
  }

  override emit<Name extends EventName>(name: Name, event: EventMap[Name]): boolean;
  // All of them: Node's own events (newListener, removeListener) have more than one.
  override emit(name: string, ...args: unknown[]): boolean {
    return super.emit(name, ...args);
  }

  #changed(result: this): this {
    this.listenersChanged();
    return result;
  }
}
