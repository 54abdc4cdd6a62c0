// SPDX-License-Identifier: MIT
// The documented blocking forms: they return when they are done, and run the core's loop meanwhile,
// so that events go on being delivered. Promises do not move on: JavaScript runs them only when
// nothing else runs.

import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import type { NativeServer } from '../boundary/native.js';
import type { Opcode } from '../boundary/outbox.js';
import type { BatchReader } from '../events/batch.js';
import type { Delivery } from '../receiving/delivery.js';
import { type Data, opcodeFor, type Sender } from '../sending/sender.js';
import type { ConnectionMap } from './connection_map.js';

/** What blocking calls need of their server. */
interface BlockingOwner {
  readonly core: NativeServer;
  readonly batch: BatchReader;
  readonly sender: Sender;
  readonly delivery: Delivery;
  readonly connections: ConnectionMap;
}

/** What a blocking call is about, and whether it has been told to end. */
interface Operation {
  readonly connectionId: number;
  readonly isFile: boolean;
  interrupted: boolean;
}

/** A handler that is being called. */
interface Frame {
  readonly connectionId: number;
  /** Whether it has made its connection's messages wait. */
  holds: boolean;
}

/** A wait is cut into pieces of this length, so that a worker can be ended meanwhile. */
const WAIT_MS = 100;
/** So many blocking calls may wait within each other's handlers: each needs room on the stack. */
const MAX_NESTED = 64;

function tooDeep(): WSServerError {
  const what = `${MAX_NESTED} blocking calls wait within each other's handlers`;
  return errors.inProgress(`${what}: let some of them return.`);
}

/**
 * The blocking forms of one server. A handler that calls one has the next messages of its own
 * connection, and its Disconnected, wait until it has returned; other events are delivered.
 *
 * Everything here throws {@link WSServerError}: 10036 when too many calls wait within each other,
 * 10004 when {@link interrupt} has ended the waiting.
 */
export class Blocking {
  readonly #owner: BlockingOwner;
  readonly #operations: Operation[] = [];
  #depth = 0;
  #frame: Frame | undefined;

  constructor(owner: BlockingOwner) {
    this.#owner = owner;
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

  /** Handles what there is to handle; when there is nothing, waits for it for up to SelectWaitMillis. */
  doEvents(): void {
    this.#nest(() => {
      const { core, batch } = this.#owner;
      const end = performance.now() + core.get('SelectWaitMillis');
      let handled = batch.readRest();
      handled = core.pump(0, 0) || handled;
      for (let left = 1; left > 0 && !handled; ) {
        left = end - performance.now();
        handled = core.pump(Math.max(0, Math.min(Math.ceil(left), WAIT_MS)), 0);
      }
    });
  }

  /**
   * Sends a message, as the connection's dataFormat says if no opcode does. With a timeout of the
   * connection it returns when the message has been handed over; without, at once.
   * @throws {@link WSServerError} 126 when there is no such connection, or it ends meanwhile; 10035
   * when its queue is full and it has no timeout, or it is sending a file; 10060 when the timeout
   * has run out
   */
  send(connectionId: number, data: Data, opcode?: Opcode): void {
    const { sender, connections } = this.#owner;
    const format = connections.made(connectionId)?.dataFormat ?? 0;
    const kind = opcode ?? opcodeFor(format, data);
    this.#requireRoom(connectionId);
    const token = this.#takenWhenReady(connectionId, () => sender.begin(connectionId, kind, data));
    if (token !== undefined) this.#wait(connectionId, token);
  }

  /**
   * Sends a Ping, and waits for its Pong if the connection has a timeout.
   * @throws {@link WSServerError} as {@link send}
   */
  ping(connectionId: number): void {
    const { sender } = this.#owner;
    this.#requireRoom(connectionId);
    const token = this.#takenWhenReady(connectionId, () => sender.beginPing(connectionId));
    if (token !== undefined && this.#hasTimeout(connectionId)) this.#wait(connectionId, token);
  }

  /**
   * Sends a file as {@link WSConnection.sendFile} does, and returns when it has been sent, whatever
   * the connection's timeout is. Fails like that.
   */
  sendFile(connectionId: number, fileName: string): void {
    const { fileSender } = this.#owner.connections.require(connectionId);
    this.#operate(connectionId, true, (operation) =>
      fileSender.sendNow(fileName, (token, signal) => this.#run(operation, token, signal)),
    );
  }

  /**
   * Ends the blocking calls about a connection, and what is awaited; what has been queued is sent
   * all the same.
   * @throws {@link WSServerError} 126 when there is no such connection
   */
  interrupt(connectionId: number): void {
    this.#owner.connections.require(connectionId).interrupt();
    for (const operation of this.#operations) {
      if (operation.connectionId === connectionId) operation.interrupted = true;
    }
  }

  /** What `begin` returns as soon as its connection takes it, within the connection's timeout. */
  #takenWhenReady<Token>(connectionId: number, begin: () => Token): Token {
    for (;;) {
      try {
        return begin();
      } catch (error) {
        if (!this.#mayRepeat(connectionId, error)) throw error;
      }
      const token = this.#owner.sender.beginDrain(connectionId);
      if (token !== undefined) this.#wait(connectionId, token);
    }
  }

  #mayRepeat(connectionId: number, error: unknown): boolean {
    if (!(error instanceof WSServerError) || error.code !== ErrorCode.wouldBlock) return false;
    // A file that is being sent by an outer call cannot go on before this one returns.
    const isInTheWay = (operation: Operation): boolean =>
      operation.isFile && operation.connectionId === connectionId;
    return !this.#operations.some(isInTheWay) && this.#hasTimeout(connectionId);
  }

  #hasTimeout(connectionId: number): boolean {
    return this.#owner.connections.require(connectionId).timeout > 0;
  }

  #wait(connectionId: number, token: number): void {
    this.#operate(connectionId, false, (operation) => this.#run(operation, token));
  }

  #operate(connectionId: number, isFile: boolean, act: (operation: Operation) => void): void {
    const operation = { connectionId, isFile, interrupted: false };
    this.#operations.push(operation);
    try {
      this.#nest(() => act(operation));
    } finally {
      this.#operations.pop();
    }
  }

  /** Runs the loop until `token` is settled; once when there is none. */
  #run(operation: Operation, token: number | undefined, signal?: AbortSignal): void {
    const { core, batch, sender } = this.#owner;
    const outcome = token === undefined ? undefined : sender.watch(token);
    // The client's Close is not answered meanwhile: the handler may have more to send.
    const heldId = this.#frame?.connectionId ?? 0;
    batch.readRest();
    if (outcome === undefined) core.pump(0, heldId);
    while (outcome?.settled === false && !operation.interrupted && !signal?.aborted) {
      core.pump(WAIT_MS, heldId);
    }
    if (outcome?.error !== undefined) throw outcome.error;
    if (signal?.aborted) throw signal.reason;
    if (operation.interrupted && !outcome?.settled) throw errors.interrupted();
  }

  /** To be called before sending what is waited for: afterwards it would be too late to refuse. */
  #requireRoom(connectionId: number): void {
    if (this.#depth === MAX_NESTED && this.#hasTimeout(connectionId)) throw tooDeep();
  }

  /** Calls `run`, which runs the loop: the handler's connection is held meanwhile. */
  #nest(run: () => void): void {
    if (this.#depth === MAX_NESTED) throw tooDeep();
    const frame = this.#frame;
    if (frame !== undefined && frame.connectionId > 0 && !frame.holds) {
      frame.holds = this.#owner.delivery.hold(frame.connectionId);
    }
    this.#depth++;
    try {
      run();
    } finally {
      this.#depth--;
    }
  }
}
