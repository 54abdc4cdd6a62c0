// SPDX-License-Identifier: MIT
// Sending: the quick way through the outbox, and the long one, for what must wait or may fail.

import { bytesOf, isUint8Array } from '../base/bytes.js';
import type { Codec } from '../base/code_page.js';
import { toId } from '../base/connection_id.js';
import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import {
  abortable,
  DONE,
  handled,
  rejected,
  signalOf,
  type WaitOptions,
} from '../base/promises.js';
import { shown } from '../base/shown.js';
import type { NativeServer } from '../boundary/native.js';
import { Opcode, type Outbox, UNCOMPRESSED } from '../boundary/outbox.js';

/** Goes on with a message that has been begun as text or binary (RFC 6455 §5.4). */
export const CONTINUATION = 0;
export type PartOpcode = typeof Opcode.text | typeof Opcode.binary | typeof CONTINUATION;

/** The documented values of DataFormat for sending; 0 lets the type of the data decide. */
export type SendFormat = 0 | Opcode;

/** What can be sent: text, or bytes in any of their usual clothes. */
export type Data = string | NodeJS.ArrayBufferView | ArrayBufferLike;

/** How to send one message. */
export interface SendOptions extends WaitOptions {
  /**
   * False sends it as it is, even if it were to be compressed.
   * @defaultValue true
   */
  compress?: boolean | undefined;
  /** Ends the waiting of a send with a timeout; what has been queued is sent all the same. */
  signal?: AbortSignal | undefined;
}

/** The opcode that `data` is sent with. */
export function opcodeFor(format: SendFormat, data: Data): Opcode {
  if (format !== 0) return format;
  return typeof data === 'string' ? Opcode.text : Opcode.binary;
}

/** What has come of a token so far. */
export interface Outcome {
  settled: boolean;
  error: WSServerError | undefined;
}

/** Something that waits to be settled. */
interface Pending {
  /** Whose Error event is to tell of a failure; undefined when the caller tells. */
  readonly reportedTo: number | undefined;
  readonly startedMs: number;
  resolve(elapsedMs: number): void;
  reject(error: WSServerError): void;
}

/** Sends for a server, and keeps those promises that wait. */
export class Sender {
  /** How strings become bytes where they are not sent as text; undefined: by UTF-8. */
  codec: Codec | undefined;
  readonly #outbox: Outbox;
  readonly #core: NativeServer;
  /** Is told of every failure: the promise that is rejected with it may be awaited by nobody. */
  readonly #onError: (connectionId: number, error: WSServerError) => void;
  readonly #pending = new Map<number, Pending>();
  /** The tokens of those whose failures are reported, by their connections. */
  readonly #reported = new Map<number, Set<number>>();
  #lastToken = 0;

  constructor(outbox: Outbox, onError: (connectionId: number, error: WSServerError) => void) {
    this.#outbox = outbox;
    this.#core = outbox.server;
    this.#onError = onError;
  }

  sendText(connectionId: number | string, text: Data, options?: SendOptions): Promise<void> {
    if (options === undefined && typeof text === 'string' && this.#outbox.takes(connectionId)) {
      if (this.#outbox.sendText(connectionId, text, Opcode.text)) return DONE;
    }
    return this.#sendWith(connectionId, Opcode.text, text, options);
  }

  sendBytes(connectionId: number | string, data: Data, options?: SendOptions): Promise<void> {
    if (options === undefined && this.#outbox.takes(connectionId) && isUint8Array(data)) {
      if (this.#outbox.sendBytes(connectionId, data, Opcode.binary)) return DONE;
    }
    return this.#sendWith(connectionId, Opcode.binary, data, options);
  }

  /** Sends a string as text, bytes as binary, through the outbox alone; false: it does not take it. */
  sendAtOnce(connectionId: number, data: unknown): boolean {
    if (!this.#outbox.takes(connectionId)) return false;
    if (typeof data === 'string') return this.#outbox.sendText(connectionId, data, Opcode.text);
    return isUint8Array(data) && this.#outbox.sendBytes(connectionId, data, Opcode.binary);
  }

  sendAs(
    connectionId: number | string,
    format: SendFormat,
    data: Data,
    options?: SendOptions,
  ): Promise<void> {
    const opcode = opcodeFor(format, data);
    if (opcode === Opcode.text) return this.sendText(connectionId, data, options);
    if (opcode === Opcode.binary) return this.sendBytes(connectionId, data, options);
    return this.#sendWith(connectionId, opcode, data, options);
  }

  ping(connectionId: number | string, options: WaitOptions | undefined): Promise<number> {
    const id = toId(connectionId);
    try {
      const signal = signalOf(options);
      if (signal?.aborted) return rejected(signal.reason);
      return this.#wait(id, this.beginPing(id), signal, id);
    } catch (error) {
      return this.fail(id, error);
    }
  }

  /**
   * Sends one part of a message, as {@link NativeServer.sendPart} does; fulfilled when the kernel
   * has taken it. Failures are not reported: the caller knows whose part it is.
   * @throws {@link WSServerError} when the part has not been sent
   */
  sendPart(
    connectionId: number,
    opcode: PartOpcode,
    bytes: NodeJS.ArrayBufferView | ArrayBuffer,
    last: boolean,
  ): Promise<unknown> {
    const token = this.beginPart(connectionId, opcode, bytes, last);
    return token === undefined ? DONE : this.#wait(connectionId, token);
  }

  /**
   * Sends a message, whose failures are not reported. `kind` is an opcode, perhaps with UNCOMPRESSED.
   * Undefined: it has been sent.
   * @throws {@link WSServerError} when it has not been sent
   */
  sendUnreported(connectionId: number, kind: number, data: Data): Promise<void> | undefined {
    const token = this.begin(connectionId, kind, data);
    return token === undefined ? undefined : this.#wait(connectionId, token).then(() => {});
  }

  /**
   * Like drain(); undefined: the queue is empty.
   * @throws {@link WSServerError} 126 when there is no such connection
   */
  drainIfNeeded(connectionId: number, signal: AbortSignal): Promise<void> | undefined {
    const token = this.beginDrain(connectionId);
    return token === undefined
      ? undefined
      : handled(this.#wait(connectionId, token, signal).then(() => {}));
  }

  /**
   * Fulfilled when a connection's queue is empty, as {@link NativeServer.drained} says. Failures
   * are not reported.
   */
  drain(connectionId: number, options: WaitOptions | undefined): Promise<void> {
    try {
      const signal = signalOf(options);
      if (signal?.aborted) return rejected(signal.reason);
      const token = this.beginDrain(connectionId);
      return token === undefined
        ? DONE
        : handled(this.#wait(connectionId, token, signal).then(() => {}));
    } catch (error) {
      return rejected(error);
    }
  }

  // The first half of the forms above, for callers that do not wait by a promise. Each returns a
  // token to watch; undefined: there is nothing to wait for. What throws has done nothing, and has
  // not been reported.

  /** `kind` is an opcode, perhaps with UNCOMPRESSED. */
  begin(connectionId: number, kind: number, data: Data): number | undefined {
    if (this.#outbox.takes(connectionId)) {
      const opcode = kind & ~UNCOMPRESSED;
      const isText = opcode === Opcode.text && typeof data === 'string';
      if (isText && this.#outbox.sendText(connectionId, data, kind)) return undefined;
      const isBytes = opcode === Opcode.binary && isUint8Array(data);
      if (isBytes && this.#outbox.sendBytes(connectionId, data, kind)) return undefined;
    }
    const isText = (kind & ~UNCOMPRESSED) === Opcode.text;
    const bytes = typeof data === 'string' ? this.encode(data, isText) : (bytesOf(data) ?? data);
    const token = this.#newToken();
    return this.#core.send(connectionId, kind, bytes, token) ? undefined : token;
  }

  beginPart(
    connectionId: number,
    opcode: PartOpcode,
    bytes: NodeJS.ArrayBufferView | ArrayBuffer,
    last: boolean,
  ): number | undefined {
    const token = this.#newToken();
    return this.#core.sendPart(connectionId, opcode, bytes, last, token) ? undefined : token;
  }

  beginDrain(connectionId: number): number | undefined {
    const token = this.#newToken();
    return this.#core.drained(connectionId, token) ? undefined : token;
  }

  beginPing(connectionId: number): number {
    const token = this.#newToken();
    this.#core.ping(connectionId, token);
    return token;
  }

  /** What comes of `token`, to be looked at while the loop is run. */
  watch(token: number): Outcome {
    const outcome: Outcome = { settled: false, error: undefined };
    this.#pending.set(token, {
      reportedTo: undefined,
      startedMs: 0,
      resolve: () => {
        outcome.settled = true;
      },
      reject: (error) => {
        outcome.settled = true;
        outcome.error = error;
      },
    });
    return outcome;
  }

  /** The bytes of a string that is sent as text (`isText`) or otherwise. */
  encode(text: string, isText: boolean): Uint8Array {
    return isText || this.codec === undefined ? Buffer.from(text) : this.codec.encode(text);
  }

  /** Has the Error event tell of a failure: perhaps nobody awaits the promise. */
  report(connectionId: number, error: unknown): void {
    this.#onError(
      connectionId,
      error instanceof WSServerError ? error : errors.sendFailed(shown(error)),
    );
  }

  /** A promise that is rejected with a failure, of which the Error event has told. */
  fail(connectionId: number, error: unknown): Promise<never> {
    this.report(connectionId, error);
    return rejected(error);
  }

  /** Something that waited has come to its end: `errorCode` is 0 when it has succeeded. */
  settle(token: number, errorCode: number): void {
    const pending = this.#take(token);
    if (pending === undefined) return;
    if (errorCode === 0) {
      pending.resolve(performance.now() - pending.startedMs);
      return;
    }
    const error = errors.notDone(errorCode);
    if (pending.reportedTo !== undefined) this.#onError(pending.reportedTo, error);
    pending.reject(error);
  }

  /**
   * Ends the waiting of the sends and pings of a connection, with 10004; what has been queued is
   * sent all the same.
   */
  interrupt(connectionId: number): void {
    for (const token of [...(this.#reported.get(connectionId) ?? [])]) {
      this.#core.forget(connectionId, token);
      this.settle(token, ErrorCode.interrupted);
    }
  }

  /** Removes, and returns, what waits for `token`. */
  #take(token: number): Pending | undefined {
    const pending = this.#pending.get(token);
    this.#pending.delete(token);
    const connectionId = pending?.reportedTo;
    if (connectionId === undefined) return pending;
    const tokens = this.#reported.get(connectionId);
    tokens?.delete(token);
    if (tokens?.size === 0) this.#reported.delete(connectionId);
    return pending;
  }

  /** Sends through the outbox if that is possible, else past it. */
  #sendWith(
    connectionId: number | string,
    opcode: Opcode,
    data: Data,
    options?: SendOptions,
  ): Promise<void> {
    const id = toId(connectionId);
    try {
      const signal = signalOf(options);
      if (signal?.aborted) return rejected(signal.reason);
      const compress = options?.compress ?? true;
      const token = this.begin(id, compress ? opcode : opcode | UNCOMPRESSED, data);
      if (token === undefined) return DONE;
      return handled(this.#wait(id, token, signal, id).then(() => {}));
    } catch (error) {
      return this.fail(id, error);
    }
  }

  #newToken(): number {
    this.#lastToken = (this.#lastToken + 1) & 0x7fffffff;
    return this.#lastToken;
  }

  /** A promise that settle() settles, with the milliseconds that it took. */
  #wait(
    connectionId: number,
    token: number,
    signal?: AbortSignal,
    reportedTo?: number,
  ): Promise<number> {
    const startedMs = performance.now();
    const settled = new Promise<number>((resolve, reject) => {
      this.#pending.set(token, { reportedTo, startedMs, resolve, reject });
    });
    if (reportedTo !== undefined) {
      const tokens = this.#reported.get(reportedTo) ?? new Set();
      this.#reported.set(reportedTo, tokens.add(token));
    }
    return abortable(handled(settled), signal, () => {
      this.#take(token);
      this.#core.forget(connectionId, token);
    });
  }
}
