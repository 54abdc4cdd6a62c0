// SPDX-License-Identifier: MIT

import type { WSConnection } from './connection.js';
import { WSServerError } from './errors.js';
import { chunksNow, chunksOf } from './file_source.js';
import { Opcode } from './outbox.js';
import { sendNow, sendStream, type Wait } from './outgoing_message.js';
import type { Sender } from './sender.js';

const INTERRUPTED = 10004;
const INVALID_ARGUMENT = 10022;
const ALREADY_IN_PROGRESS = 10037;
const INVALID_CONNECTION_ID = 126;

/** Sends the files of one connection, one at a time. */
export class FileSender {
  readonly #connection: WSConnection;
  readonly #sender: Sender;
  readonly #ended: AbortSignal;
  /** Of the file that is being sent. */
  #interrupter: AbortController | undefined;

  /** `ended` is aborted when the connection has ended. */
  constructor(connection: WSConnection, sender: Sender, ended: AbortSignal) {
    this.#connection = connection;
    this.#sender = sender;
    this.#ended = ended;
  }

  async send(fileName: string, signal: AbortSignal | undefined): Promise<void> {
    const refusal = this.#whyNot();
    if (refusal !== undefined) return this.#sender.fail(this.#connection.connectionId, refusal);
    const interrupter = new AbortController();
    this.#interrupter = interrupter;
    const type = this.#type;
    const signals = signal === undefined ? [interrupter.signal] : [interrupter.signal, signal];
    try {
      await sendStream(
        this.#connection,
        this.#sender,
        this.#ended,
        chunksOf(fileName, type === 'text'),
        { type, signal: AbortSignal.any(signals) },
      );
    } finally {
      this.#interrupter = undefined;
    }
  }

  /** The same while the caller waits; `wait` is given what ends the waiting. */
  sendNow(fileName: string, wait: (token: number | undefined, signal: AbortSignal) => void): void {
    const refusal = this.#whyNot();
    if (refusal !== undefined) throw refusal;
    this.#interrupter = new AbortController();
    const { signal } = this.#interrupter;
    const type = this.#type;
    const waitForPart: Wait = (token) => wait(token, signal);
    const chunks = chunksNow(fileName, type === 'text');
    try {
      sendNow(this.#connection, this.#sender, chunks, type, signal, waitForPart);
    } finally {
      this.#interrupter = undefined;
    }
  }

  /** Ends the file that is being sent where it is, if there is one. */
  interrupt(): void {
    this.#interrupter?.abort(new WSServerError(INTERRUPTED, 'The file was interrupted.'));
  }

  get #type(): 'text' | 'binary' {
    return this.#connection.dataFormat === Opcode.text ? 'text' : 'binary';
  }

  #whyNot(): WSServerError | undefined {
    const { connected, dataFormat } = this.#connection;
    if (!connected) return new WSServerError(INVALID_CONNECTION_ID, 'The connection is not open.');
    if (dataFormat === Opcode.ping || dataFormat === Opcode.pong) {
      return new WSServerError(
        INVALID_ARGUMENT,
        `A file is sent as text or binary: dataFormat is 0, 1 or 2, not ${dataFormat}.`,
      );
    }
    if (this.#interrupter === undefined) return undefined;
    return new WSServerError(ALREADY_IN_PROGRESS, 'Another file is being sent: wait for its end.');
  }
}
