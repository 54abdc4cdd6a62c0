// SPDX-License-Identifier: MIT
// What may go on within what: a handler may run the loop, whose events call handlers, which may
// run it again. docs/turn.md has what may call what. What handlers throw is in base/uncaught.ts,
// because those below this room throw, too.

import { errors } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';
import type { Outbox } from '../boundary/outbox.js';
import type { BatchReader } from '../events/batch.js';
import type { Delivery } from '../receiving/delivery.js';

/** What a turn needs of its server. */
interface TurnOwner {
  readonly outbox: Outbox;
  readonly batch: BatchReader;
  readonly delivery: Delivery;
  /** The last batch has been handled of those that are handled within each other. */
  onEnd(): void;
}

/** A handler that is being called. */
interface Frame {
  readonly connectionId: number;
  /** Whether it has made its connection's messages wait. */
  holds: boolean;
}

/** A wait is cut into pieces of this length, so that a worker can be ended meanwhile. */
const WAIT_MS = 100;
/** So many blocking calls may wait within each other's handlers: the stack is not endless. */
const MAX_NESTED = 64;

/** The turns of one server: how deep they are within each other, and what ends with them. */
export class Turn {
  readonly #owner: TurnOwner;
  readonly #core: NativeServer;
  /** Batches that are being handled, each by a handler of the one before. */
  #batches = 0;
  /** Blocking calls that wait, each within a handler of the one before. */
  #waits = 0;
  /** Whether {@link handleRest} is at work. */
  #handles = false;
  #frame: Frame | undefined;
  #onNext: (() => void) | undefined;

  constructor(owner: TurnOwner) {
    this.#owner = owner;
    this.#core = owner.outbox.server;
  }

  /** Does what handles a batch: what is sent meanwhile is carried out right after it. */
  dispatch(read: () => void): void {
    const { outbox } = this.#owner;
    this.#batches++;
    outbox.dispatching = true;
    try {
      read();
    } finally {
      this.#batches--;
      outbox.dispatching = this.#batches > 0;
    }
    try {
      // What handlers send in ticks and microtasks from here on, the native side asks for.
      outbox.encode();
    } finally {
      if (this.#batches === 0) this.#owner.onEnd();
      this.#onNext?.();
    }
  }

  /** Calls a handler of an event of this connection; 0: of none. */
  handle<Result>(connectionId: number, handler: () => Result): Result {
    const outer = this.#frame;
    const frame = { connectionId, holds: false };
    this.#frame = frame;
    try {
      return handler();
    } finally {
      this.#frame = outer;
      if (frame.holds) this.#owner.delivery.release(connectionId);
    }
  }

  /**
   * Handles what there is to handle, and returns whether there was anything. A call from within
   * another leaves all to that: clients must not decide how deep it gets.
   */
  handleRest(): boolean {
    if (this.#handles) return true;
    this.#handles = true;
    try {
      const handled = this.#owner.batch.readRest();
      return this.#core.pump(0, 0) || handled;
    } finally {
      this.#handles = false;
    }
  }

  /** Fulfilled when a batch has been handled, or `waitMs` have passed; the process runs meanwhile. */
  next(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(waiting);
        this.#onNext = undefined;
        setImmediate(resolve);
      };
      const waiting = setTimeout(finish, waitMs);
      this.#onNext = finish;
    });
  }

  /** Whether no further blocking call may wait. */
  get isFull(): boolean {
    return this.#waits === MAX_NESTED;
  }

  /** @throws WSServerError 10036 when {@link isFull} */
  requireRoom(): void {
    if (!this.isFull) return;
    const what = `${MAX_NESTED} blocking calls wait within each other's handlers`;
    throw errors.inProgress(`${what}: let some of them return.`);
  }

  /** Does what runs the loop. The messages of the connection whose handler it is wait from now on. */
  nest(run: () => void): void {
    this.requireRoom();
    const frame = this.#frame;
    if (frame !== undefined && frame.connectionId > 0 && !frame.holds) {
      frame.holds = this.#owner.delivery.hold(frame.connectionId);
    }
    this.#waits++;
    try {
      run();
    } finally {
      this.#waits--;
    }
  }

  /** Within {@link nest}: runs the loop until something has been handled, for up to `waitMs`. */
  runOnce(waitMs: number): void {
    const end = performance.now() + waitMs;
    let handled = this.#owner.batch.readRest();
    handled = this.#core.pump(0, 0) || handled;
    for (let left = 1; left > 0 && !handled; ) {
      left = end - performance.now();
      handled = this.#core.pump(Math.max(0, Math.min(Math.ceil(left), WAIT_MS)), 0);
    }
  }

  /** Within {@link nest}: runs the loop until `isDone`; once when nothing is to be waited for. */
  runUntil(isDone: (() => boolean) | undefined): void {
    // Whoever has sent a Close still gets all that the handler has to say.
    const heldId = this.#frame?.connectionId ?? 0;
    this.#owner.batch.readRest();
    if (isDone === undefined) this.#core.pump(0, heldId);
    while (isDone?.() === false) this.#core.pump(WAIT_MS, heldId);
  }
}
