// SPDX-License-Identifier: MIT

import { Backlog } from './backlog.js';
import { throwLater } from './emitter.js';
import type { CloseStatus } from './ending.js';
import { WSServerError } from './errors.js';
import type { DataInEvent } from './events.js';
import { MessageReader, type ReaderOwner } from './message_reader.js';
import { isPromise } from './questions.js';

/** What an intake needs of the server. */
export interface IntakeOwner {
  /** Calls the handlers of DataIn. While a promise that it returns is pending, messages wait. */
  hand(event: DataInEvent): unknown;
  /** Has the core read from the connection's socket, or not. */
  setReading(connectionId: number, reads: boolean): void;
  /** A reader has come or gone. */
  onReaders(change: 1 | -1): void;
  /** The intake is not needed any more: messages can go straight to the handlers. */
  onNotNeeded(connectionId: number): void;
}

/**
 * How the messages of one connection come to its handlers and its reader when they cannot simply be
 * delivered: because the connection does not accept data, a handler has asked for time, or
 * somebody reads in a loop. Stops reading from the socket while too much waits.
 */
export class Intake implements ReaderOwner {
  readonly #connectionId: number;
  readonly #owner: IntakeOwner;
  readonly #waiting = new Backlog();
  #accepts = true;
  /** Whether the handlers are being called. */
  #handing = false;
  /** Whether the promise of a handler is pending. */
  #busy = false;
  #reader: MessageReader | undefined;
  /** Whether the core reads from the socket. */
  #reads = true;
  /** Set when the connection has ended, to be called when every message has been handled. */
  #onEnd: (() => void) | undefined;
  #over = false;

  constructor(connectionId: number, owner: IntakeOwner) {
    this.#connectionId = connectionId;
    this.#owner = owner;
  }

  /** What the connection's acceptData says. */
  get accepts(): boolean {
    return this.#accepts;
  }

  set accepts(accepts: boolean) {
    this.#accepts = accepts;
    this.#handOut();
  }

  /** A message has come. */
  take(event: DataInEvent): void {
    event.keep();
    this.#waiting.add(event);
    this.#handOut();
  }

  /**
   * A handler that has not been called from here runs the loop: messages wait until
   * {@link release}. False when they do already.
   */
  hold(): boolean {
    if (this.#handing) return false;
    this.#handing = true;
    return true;
  }

  release(): void {
    this.#handing = false;
    this.#handOut();
  }

  /** Has messages wait until `handled` is settled. */
  waitFor(handled: PromiseLike<unknown>): void {
    this.#busy = true;
    Promise.resolve(handled)
      .catch(throwLater)
      .then(() => {
        this.#busy = false;
        this.#handOut();
      });
  }

  /** Begins to read: every message that is handed to the handlers from now on. */
  read(signal: AbortSignal | undefined): MessageReader {
    if (this.#reader !== undefined) {
      throw new WSServerError(10037, 'The messages of this connection are being read already.');
    }
    this.#reader = new MessageReader(this, signal);
    this.#owner.onReaders(1);
    return this.#reader;
  }

  onTaken(): void {
    this.#update();
  }

  onLeft(): void {
    if (this.#reader === undefined) return;
    this.#reader = undefined;
    this.#owner.onReaders(-1);
    this.#update();
  }

  /**
   * The connection has ended. Hands out what waits, even if acceptData is false, and calls `onEnd`
   * when it has been handled. Returns whether that was at once.
   */
  end(status: CloseStatus, onEnd: () => void): boolean {
    this.#onEnd = () => {
      this.#reader?.end(status);
      this.onLeft();
      onEnd();
    };
    this.#handOut();
    return this.#over;
  }

  #handOut(): void {
    // Not from within a handler: the loop that has called it goes on when it has returned.
    while (!this.#handing && !this.#busy && (this.#accepts || this.#onEnd !== undefined)) {
      const event = this.#waiting.take();
      if (event === undefined) break;
      const reader = this.#reader;
      this.#handing = true;
      const handled = this.#owner.hand(event);
      this.#handing = false;
      if (isPromise(handled)) this.waitFor(handled);
      reader?.push(event);
    }
    this.#update();
  }

  /** Draws the consequences after anything has changed. */
  #update(): void {
    if (this.#over) return;
    const idle = this.#waiting.empty && !this.#handing && !this.#busy;
    if (this.#onEnd !== undefined) {
      this.#over = idle;
      if (idle) this.#onEnd();
      return;
    }
    const reads = this.#accepts && !this.#waiting.full && this.#reader?.full !== true;
    if (reads !== this.#reads) {
      this.#reads = reads;
      this.#owner.setReading(this.#connectionId, reads);
    }
    if (idle && this.#accepts && this.#reader === undefined) {
      this.#owner.onNotNeeded(this.#connectionId);
    }
  }
}
