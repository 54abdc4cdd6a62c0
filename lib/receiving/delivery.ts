// SPDX-License-Identifier: MIT

import { isPromise } from '../base/promises.js';
import { throwLater } from '../base/uncaught.js';
import type { NativeServer } from '../boundary/native.js';
import { propertyIndex } from '../boundary/property_index.js';
import { type Contexts, usage } from '../events/async_context.js';
import type { TypedEmitter } from '../events/emitter.js';
import type { CloseStatus, DataInEvent, Listener } from '../events/events.js';
import { callAndWait } from '../events/questions.js';
import { Intake, type IntakeOwner } from './intake.js';
import type { MessageReader } from './message_reader.js';

const ACCEPT_DATA = propertyIndex('AcceptData');
const CONNECTED = propertyIndex('Connected');

/** Takes the messages of some connections in place of the handlers of DataIn. */
export interface Diversion {
  /** Whether it takes those of this connection. */
  has(connectionId: number): boolean;
  /** REQUIRES has(). */
  take(event: DataInEvent): void;
}

/** `take`, which is given payloads that are taken back when it returns. */
export function lending(take: (event: DataInEvent) => void): (event: DataInEvent) => void {
  return (event) => {
    event.lend();
    take(event);
    event.takeBack();
  };
}

/**
 * Delivers the messages of a server to the handlers of DataIn: at once where nothing is in the way,
 * else through the connection's {@link Intake}.
 */
export class Delivery implements IntakeOwner {
  readonly #server: TypedEmitter;
  readonly #core: NativeServer;
  readonly #contexts: Contexts;
  readonly #serial: boolean;
  readonly #onReadersChanged: () => void;
  #hasHandlers = false;
  #diversion: Diversion | undefined;
  /** The only handler, or what calls all of them. */
  #handler: Listener<'DataIn'> = () => {};
  readonly #intakes = new Map<number, Intake>();
  #readers = 0;

  /** `serial`: whether messages wait while the promise of a handler is pending. */
  constructor(
    server: TypedEmitter,
    core: NativeServer,
    contexts: Contexts,
    serial: boolean,
    onReadersChanged: () => void,
  ) {
    this.#server = server;
    this.#core = core;
    this.#contexts = contexts;
    this.#serial = serial;
    this.#onReadersChanged = onReadersChanged;
  }

  /** Whether somebody reads messages in a loop, or may do so. */
  get hasReaders(): boolean {
    return this.#readers > 0 || this.#diversion !== undefined;
  }

  /** From now on those that it has do not come to the handlers. */
  divert(diversion: Diversion): void {
    this.#diversion = diversion;
    this.#onReadersChanged();
  }

  /** Handlers have been added or removed. */
  listenersChanged(): void {
    const server = this.#server;
    const handlers = server.rawListeners('DataIn') as Listener<'DataIn'>[];
    const [only] = handlers;
    if (this.#hasHandlers !== handlers.length > 0) {
      this.#hasHandlers = handlers.length > 0;
      // Not at once: a handler is not to be called while it is still being added.
      if (this.#intakes.size > 0) queueMicrotask(() => this.#onHandlers());
    }
    if (only !== undefined && handlers.length === 1) {
      this.#handler = only;
    } else if (this.#serial) {
      const bound = handlers.map((handler) => handler.bind(server) as Listener<'DataIn'>);
      this.#handler = (event) =>
        callAndWait(bound, event, (error) => {
          if (!server.tells(error, event)) throwLater(error);
        });
    } else {
      this.#handler = (event) => server.emit('DataIn', event);
    }
    const diversion = this.#diversion;
    if (diversion === undefined) return;
    const handler = this.#handler;
    this.#handler = (event) =>
      diversion.has(event.connectionId)
        ? diversion.take(event)
        : (handler.call(server, event) as unknown);
  }

  /** A message has come. */
  take(event: DataInEvent): void {
    if (this.#intakes.size > 0) {
      const intake = this.#intakes.get(event.connectionId);
      if (intake !== undefined) {
        intake.take(event);
        return;
      }
    }
    this.#call(event);
  }

  /** The same for serial delivery. */
  takeSerially(event: DataInEvent): void {
    const id = event.connectionId;
    const intake = this.#intakes.get(id);
    if (intake !== undefined) {
      intake.take(event);
      return;
    }
    const handled = this.#call(event);
    if (isPromise(handled)) this.#intakeOf(id).waitFor(handled);
  }

  /**
   * Has a connection's messages, and its Disconnected, wait until {@link release}: one of its
   * handlers is about to run the loop. False when they do already.
   */
  hold(connectionId: number): boolean {
    return this.#intakeOf(connectionId).hold();
  }

  release(connectionId: number): void {
    this.#intakes.get(connectionId)?.release();
  }

  /** What a connection's acceptData says; undefined where the core knows best. */
  acceptsData(connectionId: number): boolean | undefined {
    return this.#intakes.get(connectionId)?.accepts;
  }

  setAcceptData(connectionId: number, accept: boolean): void {
    this.#requireConnection(connectionId);
    this.#intakeOf(connectionId).accepts = accept;
  }

  /** The messages of a connection from now on, and before them those that nobody has taken. */
  read(connectionId: number, signal: AbortSignal | undefined): MessageReader {
    this.#requireConnection(connectionId);
    signal?.throwIfAborted();
    return this.#intakeOf(connectionId).read(signal);
  }

  /**
   * A connection has ended: calls `onEnd` when its last message has been handled. Returns whether
   * that was at once.
   */
  end(connectionId: number, status: CloseStatus, onEnd: () => void): boolean {
    const intake = this.#intakes.get(connectionId);
    if (intake !== undefined) return intake.end(status, onEnd);
    onEnd();
    return true;
  }

  /** Returns what may still have messages that nobody has taken, if there is any. */
  forget(connectionId: number): Intake | undefined {
    const intake = this.#intakes.get(connectionId);
    this.#intakes.delete(connectionId);
    return intake;
  }

  // For Intake.

  hasHandlers(connectionId: number): boolean {
    return this.#hasHandlers || this.#diversion?.has(connectionId) === true;
  }

  hand(event: DataInEvent): PromiseLike<unknown> | undefined {
    const handled = this.#call(event);
    return this.#serial && isPromise(handled) ? handled : undefined;
  }

  setReading(connectionId: number, reads: boolean): void {
    this.#core.setProperty(connectionId, ACCEPT_DATA, reads);
  }

  onReaders(change: 1 | -1): void {
    const had = this.hasReaders;
    this.#readers += change;
    if (had !== this.hasReaders) this.#onReadersChanged();
  }

  onNotNeeded(connectionId: number): void {
    this.#intakes.delete(connectionId);
  }

  #onHandlers(): void {
    for (const intake of this.#intakes.values()) intake.onHandlers();
  }

  #call(event: DataInEvent): unknown {
    if (usage.used) {
      return this.#contexts.run(event.connectionId, () => this.#callHere(event));
    }
    const handled = this.#callHere(event);
    if (usage.used) this.#contexts.adopt(event.connectionId);
    return handled;
  }

  #callHere(event: DataInEvent): unknown {
    try {
      const handled = this.#handler.call(this.#server, event);
      return isPromise(handled) ? this.#watch(handled, event) : handled;
    } catch (error) {
      throwLater(error);
      return undefined;
    }
  }

  async #watch(handled: PromiseLike<unknown>, event: DataInEvent): Promise<void> {
    try {
      await handled;
    } catch (error) {
      if (!this.#server.tells(error, event)) throw error;
    }
  }

  #intakeOf(connectionId: number): Intake {
    let intake = this.#intakes.get(connectionId);
    if (intake === undefined) {
      intake = new Intake(connectionId, this);
      this.#intakes.set(connectionId, intake);
    }
    return intake;
  }

  /** @throws {@link WSServerError} 126 when there is no such connection */
  #requireConnection(connectionId: number): void {
    this.#core.getProperty(connectionId, CONNECTED);
  }
}
