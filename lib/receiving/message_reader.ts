// SPDX-License-Identifier: MIT

import { errors } from '../base/errors.js';
import { onAbort } from '../base/promises.js';
import type { CloseStatus, DataInEvent } from '../events/events.js';
import { Backlog } from './backlog.js';

/** RFC 6455 §7.4.1: done, going away, and a Close without a code. */
const NORMAL_CODES: readonly number[] = [1000, 1001, 1005];

type Result = IteratorResult<DataInEvent, undefined>;

/** A call of next() for which no message has come yet. */
interface Waiting {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

/** What a reader needs of the connection's {@link Intake}. */
export interface ReaderOwner {
  /** Messages have been taken. */
  onTaken(): void;
  /** The loop has been left: `rest` are the messages that it has not taken. */
  onLeft(reader: MessageReader, rest: Backlog): void;
}

const done = (): Result => ({ done: true, value: undefined });

/** The messages of one connection for one loop. */
export class MessageReader implements AsyncIterableIterator<DataInEvent> {
  readonly #owner: ReaderOwner;
  /** Removes this from the listeners of the signal. */
  readonly #stopListening: () => void;
  #backlog: Backlog;
  #waiting: Waiting[] = [];
  /** Whether nothing more will come. */
  #over = false;
  /** What next() rejects with, once, before it says that nothing more will come. */
  #error: unknown;

  /** `backlog`: the messages that it begins with. */
  constructor(owner: ReaderOwner, signal: AbortSignal | undefined, backlog: Backlog) {
    this.#owner = owner;
    this.#backlog = backlog;
    this.#stopListening = onAbort(signal, (reason) => this.#stop(reason));
  }

  /** Whether reading from the socket should stop until messages have been taken. */
  get full(): boolean {
    return this.#backlog.full;
  }

  /** REQUIRES that it has not been left, and the connection not ended. */
  push(event: DataInEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#backlog.add(event);
    else waiting.resolve({ done: false, value: event });
  }

  /** The connection has ended; what has come before can still be taken. */
  end({ statusCode, description }: CloseStatus): void {
    const error = NORMAL_CODES.includes(statusCode)
      ? undefined
      : errors.endedWith(statusCode, description);
    this.#finish(error);
  }

  next(): Promise<Result> {
    const event = this.#backlog.take();
    if (event !== undefined) {
      this.#owner.onTaken();
      return Promise.resolve({ done: false, value: event });
    }
    if (!this.#over)
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(done()) : Promise.reject(error);
  }

  /** Leaves the loop: what has not been taken waits for the next one. */
  return(): Promise<Result> {
    this.#stop(undefined);
    return Promise.resolve(done());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #stop(error: unknown): void {
    const rest = this.#backlog;
    this.#backlog = new Backlog();
    this.#finish(error);
    this.#owner.onLeft(this, rest);
  }

  #finish(error: unknown): void {
    this.#over = true;
    this.#error = error;
    this.#stopListening();
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (this.#error === undefined) resolve(done());
      else reject(this.#error);
      this.#error = undefined;
    }
  }
}
