// SPDX-License-Identifier: MIT
// The events that want an answer: their handlers may be asynchronous, and the connection waits.

import { bytesOf, lengthOf } from '../base/bytes.js';
import { ErrorCode } from '../base/errors.js';
import { isPromise } from '../base/promises.js';
import { pushThrown, throwLater } from '../base/uncaught.js';
import type { Outbox } from '../boundary/outbox.js';
import { reportFailure } from './failure_report.js';
import type { ConnectionRequestEvent, WebSocketOpenRequestEvent } from './question_events.js';

const MAX_ANSWER = 16 * 1024;
/** Answered in place of a status that cannot be: the core refuses it, and says what is allowed. */
const INVALID_STATUS = 0;
const NO_FIELDS = [Buffer.alloc(0), Buffer.alloc(0)];

export type Handler<Event> = (event: Event) => unknown;

/** Calls every handler, and returns the promises of those that are not done. */
function callAll<Event>(
  handlers: readonly Handler<Event>[],
  event: Event,
  onFailure: (error: unknown) => void,
): PromiseLike<unknown>[] {
  const waiting: PromiseLike<unknown>[] = [];
  for (const handler of handlers) {
    try {
      const result = handler(event);
      if (isPromise(result)) waiting.push(result);
    } catch (error) {
      onFailure(error);
    }
  }
  return waiting;
}

/** Calls every handler. The promise is fulfilled when all of them are done, or rejected; undefined: they are. */
export function callAndWait<Event>(
  handlers: readonly Handler<Event>[],
  event: Event,
  onRejected: (error: unknown) => void,
): Promise<unknown> | undefined {
  const waiting = callAll(handlers, event, throwLater);
  if (waiting.length === 0) return undefined;
  return Promise.all(waiting.map((handled) => Promise.resolve(handled).catch(onRejected)));
}

/** What becomes of a question. */
interface Outcome {
  /** Answers as the event says. May throw: handlers may have set its fields to anything. */
  answer(): void;
  /** Refuses: answer() or a handler has thrown. */
  refuse(): void;
  /** Tells why. */
  onFailure(error: unknown): void;
}

/** Calls every handler, and answers when all of them, and their promises, are done. */
export function ask<Event>(
  handlers: readonly Handler<Event>[],
  event: Event,
  { answer, refuse, onFailure }: Outcome,
): void {
  let failed = false;
  const fail = (error: unknown): void => {
    failed = true;
    onFailure(error);
  };
  const failByThrowing = (error: unknown): void => {
    fail(error);
    pushThrown(error);
  };
  const finish = (): void => {
    try {
      if (!failed) {
        answer();
        return;
      }
    } catch (error) {
      fail(error);
    }
    refuse();
  };
  const waiting = callAll(handlers, event, failByThrowing);
  if (waiting.length === 0) {
    finish();
    return;
  }
  Promise.all(waiting).then(finish, (error: unknown) => {
    fail(error);
    refuse();
  });
}

/** Asks whether to accept a connection. A handler that fails refuses. */
export function askConnection(
  handlers: readonly Handler<ConnectionRequestEvent>[],
  connectionId: number,
  event: ConnectionRequestEvent,
  outbox: Outbox,
): void {
  ask(handlers, event, {
    answer: () => outbox.answerConnection(connectionId, Boolean(event.accept)),
    refuse: () => outbox.answerConnection(connectionId, false),
    onFailure: (error) =>
      reportFailure(outbox.server, connectionId, error, ErrorCode.connectionAborted),
  });
}

/** The subprotocol, the header lines, and a body; undefined when they are nothing that can be sent. */
function fieldsOf(event: WebSocketOpenRequestEvent): Uint8Array[] | undefined {
  try {
    // Read once: a getter may return something else the next time.
    const { subProtocols, responseHeaders, responseBody } = event;
    const texts = [`${subProtocols}`, `${responseHeaders}`];
    // Each character is to become a byte of the answer: those above 0xFF cannot, NUL must not.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    if (texts.some((text) => text.length > MAX_ANSWER || /[^\x01-\xff]/.test(text)))
      return undefined;
    const fields: Uint8Array[] = texts.map((text) => Buffer.from(text, 'latin1'));
    if (responseBody !== undefined) {
      fields.push(bytesOf(responseBody) ?? Buffer.from(`${responseBody}`));
    }
    const size = fields.reduce((sum, field) => sum + lengthOf(field), 0);
    return size < MAX_ANSWER ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Asks whether to open a WebSocket. A handler that fails refuses with status 500. */
export function askOpen(
  handlers: readonly Handler<WebSocketOpenRequestEvent>[],
  event: WebSocketOpenRequestEvent,
  outbox: Outbox,
): void {
  const { connectionId } = event;
  ask(handlers, event, {
    answer: () => {
      const { statusCode } = event;
      const valid = Number.isInteger(statusCode) && statusCode > 0 && statusCode < 1000;
      const fields = valid ? fieldsOf(event) : undefined;
      outbox.answerOpen(connectionId, fields ? statusCode : INVALID_STATUS, fields ?? NO_FIELDS);
    },
    refuse: () => outbox.answerOpen(connectionId, 500, NO_FIELDS),
    onFailure: (error) =>
      reportFailure(outbox.server, connectionId, error, ErrorCode.connectionAborted),
  });
}
