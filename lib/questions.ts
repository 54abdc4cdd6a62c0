// SPDX-License-Identifier: MIT
// The events that want an answer: their handlers may be asynchronous, and the connection waits.

import { throwLater } from './emitter.js';
import type { ConnectionRequestEvent, WebSocketOpenRequestEvent } from './events.js';
import type { Outbox } from './outbox.js';

const MAX_ANSWER = 16 * 1024;
/** A status that the core refuses, saying what is allowed. */
const INVALID_STATUS = 0;

export type Handler<Event> = (event: Event) => unknown;

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Calls every handler, and returns the promises of those that are not done. */
function callAll<Event>(
  handlers: readonly Handler<Event>[],
  event: Event,
  onFailure: () => void,
): PromiseLike<unknown>[] {
  const waiting: PromiseLike<unknown>[] = [];
  for (const handler of handlers) {
    try {
      const result = handler(event);
      if (isPromise(result)) waiting.push(result);
    } catch (error) {
      onFailure();
      throwLater(error);
    }
  }
  return waiting;
}

/** Calls every handler. The promise is fulfilled when all of them are done; undefined: they are. */
export function callAndWait<Event>(
  handlers: readonly Handler<Event>[],
  event: Event,
): Promise<unknown> | undefined {
  const waiting = callAll(handlers, event, () => {});
  if (waiting.length === 0) return undefined;
  return Promise.all(waiting.map((handled) => Promise.resolve(handled).catch(throwLater)));
}

/** Calls every handler, and `answer` when all of them have made up their mind. */
export function ask<Event>(
  handlers: readonly Handler<Event>[],
  event: Event,
  answer: (failed: boolean) => void,
): void {
  let failed = false;
  const waiting = callAll(handlers, event, () => {
    failed = true;
  });
  if (waiting.length === 0) {
    answer(failed);
    return;
  }
  Promise.all(waiting).then(
    () => answer(failed),
    (error: unknown) => {
      answer(true);
      throwLater(error);
    },
  );
}

/** Asks whether to accept a connection. A handler that fails refuses. */
export function askConnection(
  handlers: readonly Handler<ConnectionRequestEvent>[],
  connectionId: number,
  event: ConnectionRequestEvent,
  outbox: Outbox,
): void {
  ask(handlers, event, (failed) => outbox.answerConnection(connectionId, event.accept && !failed));
}

/** Whether each character becomes a byte: one that would not, or is NUL, could become another. */
function isSound(subProtocols: string, responseHeaders: string): boolean {
  try {
    const answer = `${subProtocols}${responseHeaders}`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    return !/[^\x01-\xff]/.test(answer) && answer.length < MAX_ANSWER;
  } catch {
    return false; // It is no string, and cannot be made one.
  }
}

/** Asks whether to open a WebSocket. A handler that fails refuses with status 500. */
export function askOpen(
  handlers: readonly Handler<WebSocketOpenRequestEvent>[],
  event: WebSocketOpenRequestEvent,
  outbox: Outbox,
): void {
  ask(handlers, event, (failed) => {
    const { connectionId, statusCode, subProtocols, responseHeaders } = event;
    if (failed) {
      outbox.answerOpen(connectionId, 500, '', '');
      return;
    }
    const status =
      Number.isInteger(statusCode) && statusCode > 0 && statusCode < 1000
        ? statusCode
        : INVALID_STATUS;
    if (isSound(subProtocols, responseHeaders))
      outbox.answerOpen(connectionId, status, subProtocols, responseHeaders);
    else outbox.answerOpen(connectionId, INVALID_STATUS, '', '');
  });
}
