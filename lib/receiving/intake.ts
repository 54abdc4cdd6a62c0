// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';
import { isPromise } from '../base/promises.js';
import { throwLater } from '../base/uncaught.js';
import type { CloseStatus, DataInEvent } from '../events/events.js';
import { Backlog } from './backlog.js';
import { MessageReader, type ReaderOwner } from './message_reader.js';

/** What an intake needs of the server. */
export interface IntakeOwner {
  /** Whether DataIn has handlers, or what takes this connection's messages in their place. */
  hasHandlers(connectionId: number): boolean;
  /** Calls the handlers of DataIn. While a promise that it returns is pending, messages wait. */
  hand(event: DataInEvent): unknown;
  /** Has the core read from the connection's socket, or not. */
  setReading(connectionId: number, reads: boolean): void;
  /** One connection more, or less, wants messages even if DataIn has no handlers. */
  onReaders(change: 1 | -1): void;
  /** The intake is not needed any more: messages can go straight to the handlers. */
  onNotNeeded(connectionId: number): void;
}

/** Milliseconds that a full backlog waits for somebody to read it; then it is dropped. */
const PATIENCE_MS = 5000;

/**
 * How the messages of one connection come to its handlers and its reader when they cannot simply be
 * delivered: because the connection does not accept data, a handler has asked for time, or
 * somebody reads in a loop, or has done so. Stops reading from the socket while too much waits.
 */
export class Intake implements ReaderOwner {
  readonly #connectionId: number;
  readonly #owner: IntakeOwner;
  /** Messages that neither the handlers nor a reader have had. */
  #waiting = new Backlog();
  /**
   * Messages that the handlers have had, and the next reader is to have: those that the reader
   * before has left, and all that came later. Stays empty if that reader has left none.
   */
  #held = new Backlog();
  #accepts = true;
  /** Whether messages are kept, not dropped, while there is neither a reader nor a handler. */
  #keeps = false;
  /** Whether the owner has been told that messages are wanted here. */
  #wants = false;
  /** Whether the handlers are being called. */
  #handing = false;
  /** Whether the promise of a handler is pending. */
  #busy = false;
  #reader: MessageReader | undefined;
  /** Whether the handlers have had the messages that the reader has not taken yet. */
  #heard = false;
  /** Runs while the backlog is full and nobody takes from it. */
  #forsaken: NodeJS.Timeout | undefined;
  /** Whether the core reads from the socket. */
  #reads = true;
  /** Set when the connection has ended, to be called when every message has been handled. */
  #onEnd: (() => void) | undefined;
  #status: CloseStatus | undefined;
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
    if (!accepts) this.#keeps = true;
    this.#handOut();
  }

  /** There are handlers of DataIn now. */
  onHandlers(): void {
    this.#handOut();
  }

  /** A message has come. */
  take(event: DataInEvent): void {
    // A message that may wait long is copied: otherwise it would keep its whole chunk in memory.
    event.keep(!this.#isTaken);
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

  /**
   * Begins to read: what has been held, and every message that is handed to the handlers from now
   * on. When the connection has ended, what has been held.
   * @throws {@link WSServerError} 10037 when somebody reads already, 126 when the connection has
   * ended and nothing is left
   */
  read(signal: AbortSignal | undefined): MessageReader {
    if (this.#reader !== undefined) {
      throw errors.alreadyInProgress('The messages of this connection are being read already.');
    }
    if (this.#over && this.#held.empty) {
      throw errors.notConnected(this.#connectionId);
    }
    signal?.throwIfAborted();
    const goesOn = !this.#held.empty;
    const reader = new MessageReader(this, signal, this.#held);
    this.#held = new Backlog();
    if (this.#over) {
      reader.end(this.#status as CloseStatus);
    } else {
      this.#reader = reader;
      this.#heard = goesOn;
      this.#keeps = true;
      this.#handOut();
    }
    return reader;
  }

  onTaken(): void {
    this.#update();
  }

  onLeft(reader: MessageReader, rest: Backlog): void {
    if (this.#over) {
      this.#held.addAll(rest);
    } else if (reader === this.#reader) {
      this.#reader = undefined;
      if (this.#heard) {
        this.#held = rest;
      } else {
        rest.addAll(this.#waiting);
        this.#waiting = rest;
      }
      this.#handOut();
    }
  }

  /**
   * The connection has ended. Hands out what waits, even if acceptData is false, and calls `onEnd`
   * when it has been handled. Returns whether that was at once. What nobody has taken can be read
   * afterwards.
   */
  end(status: CloseStatus, onEnd: () => void): boolean {
    this.#status = status;
    this.#onEnd = () => {
      this.#reader?.end(status);
      this.#reader = undefined;
      this.#held.addAll(this.#waiting);
      onEnd();
    };
    this.#handOut();
    return this.#over;
  }

  /** Whether messages need not be kept: somebody takes them, or nobody has asked to keep them. */
  get #isTaken(): boolean {
    return (
      !this.#keeps || this.#reader !== undefined || this.#owner.hasHandlers(this.#connectionId)
    );
  }

  #handOut(): void {
    // Within a handler nothing is handed out: the loop that has called it goes on afterwards.
    while (!this.#handing && !this.#busy && this.#isTaken && this.#mayHand) {
      const event = this.#waiting.take();
      if (event === undefined) break;
      const reader = this.#reader;
      this.#handing = true;
      const handled = this.#owner.hand(event);
      this.#handing = false;
      if (isPromise(handled)) this.waitFor(handled);
      // The handler may have left the loop, or begun one.
      if (reader !== undefined && reader === this.#reader) {
        if (this.#owner.hasHandlers(this.#connectionId)) this.#heard = true;
        reader.push(event);
      } else if (this.#heard && this.#reader !== undefined) {
        // The messages that were held for this reader come first.
        this.#reader.push(event);
      } else {
        this.#hold(event);
      }
    }
    this.#update();
  }

  get #mayHand(): boolean {
    return this.#accepts || this.#onEnd !== undefined;
  }

  /**
   * The handlers have had this message. It is held only behind others that the next reader is to
   * have; when those are too many, all of them are dropped.
   */
  #hold(event: DataInEvent): void {
    if (this.#held.empty) return;
    event.keep(true);
    this.#held.add(event);
    if (this.#held.full) this.#held = new Backlog();
  }

  #forsake(): void {
    this.#waiting = new Backlog();
    this.#keeps = false;
    this.#update();
  }

  /** To be called after any change: tells the owner what follows from it. */
  #update(): void {
    if (this.#over) return;
    const isTaken = this.#isTaken;
    const idle = (this.#waiting.empty || !isTaken) && !this.#handing && !this.#busy;
    if (this.#onEnd !== undefined) {
      if (!idle) return;
      this.#over = true;
      this.#want(false);
      clearTimeout(this.#forsaken);
      this.#onEnd();
      return;
    }
    this.#want(this.#reader !== undefined || !isTaken);
    if (isTaken || !this.#accepts || !this.#waiting.full) {
      clearTimeout(this.#forsaken);
      this.#forsaken = undefined;
    } else {
      this.#forsaken ??= setTimeout(() => this.#forsake(), PATIENCE_MS).unref();
    }
    const reads = this.#accepts && !this.#waiting.full && this.#reader?.full !== true;
    if (reads !== this.#reads) {
      this.#reads = reads;
      this.#owner.setReading(this.#connectionId, reads);
    }
    if (idle && this.#accepts && this.#reader === undefined && isTaken && this.#held.empty) {
      this.#owner.onNotNeeded(this.#connectionId);
    }
  }

  #want(wants: boolean): void {
    if (wants === this.#wants) return;
    this.#wants = wants;
    this.#owner.onReaders(wants ? 1 : -1);
  }
}
