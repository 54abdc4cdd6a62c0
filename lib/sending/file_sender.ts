// SPDX-License-Identifier: MIT

import { errors, type WSServerError } from '../base/errors.js';
import type { WaitOptions } from '../base/promises.js';
import { Opcode } from '../boundary/outbox.js';
import { chunksNow, chunksOf } from './file_source.js';
import { type Interruptions, sendNow, sendStream, type Wait } from './outgoing_message.js';
import type { Recipient } from './recipient.js';
import type { Sender } from './sender.js';

/** Sends the files of one connection, one at a time. */
export class FileSender {
  readonly #connection: Recipient;
  readonly #sender: Sender;
  readonly #interruptions: () => Interruptions;
  #sending = false;

  /** `interruptions` gives what may end a message that begins now. */
  constructor(connection: Recipient, sender: Sender, interruptions: () => Interruptions) {
    this.#connection = connection;
    this.#sender = sender;
    this.#interruptions = interruptions;
  }

  async send(fileName: string, options: WaitOptions | undefined): Promise<void> {
    const refusal = this.#whyNot();
    if (refusal !== undefined) return this.#sender.fail(this.#connection.connectionId, refusal);
    const type = this.#type;
    const chunks = chunksOf(fileName, type === 'text');
    const interruptions = this.#interruptions();
    this.#sending = true;
    try {
      await sendStream(this.#connection, this.#sender, interruptions, chunks, {
        ...options,
        type,
      });
    } finally {
      this.#sending = false;
    }
  }

  /** The same while the caller waits; `wait` is given what ends the waiting. */
  sendNow(fileName: string, wait: (token: number | undefined, signal: AbortSignal) => void): void {
    const refusal = this.#whyNot();
    if (refusal !== undefined) throw refusal;
    const { interrupted } = this.#interruptions();
    const type = this.#type;
    const waitForPart: Wait = (token) => wait(token, interrupted);
    const chunks = chunksNow(fileName, type === 'text');
    this.#sending = true;
    try {
      sendNow(this.#connection, this.#sender, chunks, type, interrupted, waitForPart);
    } finally {
      this.#sending = false;
    }
  }

  get #type(): 'text' | 'binary' {
    return this.#connection.dataFormat === Opcode.text ? 'text' : 'binary';
  }

  #whyNot(): WSServerError | undefined {
    const { connectionId, connected, dataFormat } = this.#connection;
    if (!connected) return errors.notConnected(connectionId);
    if (dataFormat === Opcode.ping || dataFormat === Opcode.pong) {
      return errors.invalidArgument(
        `A file is sent as text or binary: dataFormat is 0, 1 or 2, not ${dataFormat}.`,
      );
    }
    if (!this.#sending) return undefined;
    return errors.alreadyInProgress('Another file is being sent: wait for its end.');
  }
}
