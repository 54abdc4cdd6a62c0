// SPDX-License-Identifier: MIT
// A connection as a pair of web streams, after the WebSocketStream proposal.

import { ReadableStream, WritableStream } from 'node:stream/web';
import { errors } from '../base/errors.js';
import type { DataInEvent } from '../events/events.js';
import { whenReady } from './outgoing_message.js';
import type { Recipient } from './recipient.js';
import type { Data } from './sender.js';

/** What can be read from as well. */
interface Peer extends Recipient {
  messages(): AsyncIterableIterator<DataInEvent>;
  send(data: Data): Promise<void>;
}

/** What {@link WSConnection.readable} is. */
export function readableOf(connection: Peer): ReadableStream<string | Uint8Array> {
  const messages = connection.messages();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await messages.next();
      if (done) controller.close();
      else controller.enqueue(value.dataFormat === 2 ? value.textB : value.text);
    },
    async cancel() {
      await messages.return?.();
      await connection.close();
    },
  });
}

/** What {@link WSConnection.writable} is. */
export function writableOf(connection: Peer): WritableStream<Data> {
  return new WritableStream({
    start(controller) {
      void connection.closed.then(({ statusCode, description }) =>
        controller.error(errors.endedWith(statusCode, description)),
      );
    },
    async write(chunk, controller) {
      // The types of Node 20 do not know the signal, which is aborted as soon as the stream is.
      const { signal } = controller as unknown as { signal: AbortSignal };
      await whenReady(connection, signal, () => connection.send(chunk));
    },
    async close() {
      await connection.close(1000);
    },
    async abort() {
      await connection.close(1011);
    },
  });
}
