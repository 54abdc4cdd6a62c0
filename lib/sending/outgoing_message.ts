// SPDX-License-Identifier: MIT
// One message, sent in fragments as they come from a source, in bounded memory.

import { ReadableStream } from 'node:stream/web';
import { bytesOf } from '../base/bytes.js';
import { errors } from '../base/errors.js';
import { abortable, DONE, FirstSignal, signalOf, type WaitOptions } from '../base/promises.js';
import { Opcode } from '../boundary/outbox.js';
import type { Recipient } from './recipient.js';
import { CONTINUATION, type Data, type PartOpcode, type Sender } from './sender.js';

/** Where a message comes from, piece by piece. */
export type MessageSource = ReadableStream<Data> | AsyncIterable<Data>;

/** How to send what comes from a source. */
export interface StreamOptions extends WaitOptions {
  /**
   * What the message is.
   * @defaultValue 'text' if the first chunk is a string, else 'binary'
   */
  type?: 'text' | 'binary' | undefined;
}

/**
 * Takes the next part of a message. `isText`: whether the first chunk of its source was a string.
 * The promise is fulfilled when there is room for another part, and rejected when there will be
 * none.
 */
type TakePart = (bytes: Uint8Array, last: boolean, isText: boolean) => Promise<unknown>;
/** The bytes of a string, for a message; `isText` as for {@link TakePart}. */
type Encode = (text: string, isText: boolean) => Uint8Array;

/** A larger chunk is sent in parts of this size, so that no more than that waits in a queue. */
const MAX_PART = 256 * 1024;
const EMPTY = new Uint8Array(0);

/**
 * Runs the loop until `token` is settled, or once when there is none. Throws when what waits for
 * the token has failed, or the waiting has been interrupted.
 */
export type Wait = (token: number | undefined) => void;

/** Encodes chunks as they come. Half a surrogate pair waits for its other half. */
class ChunkEncoder {
  readonly #encodeWhole: (text: string) => Uint8Array;
  #half = '';

  /** `encodeWhole` is given whole characters. */
  constructor(encodeWhole: (text: string) => Uint8Array) {
    this.#encodeWhole = encodeWhole;
  }

  encode(chunk: Data): Uint8Array {
    if (typeof chunk === 'string') return this.#encodeText(chunk);
    const bytes = requireBytes(chunk);
    return this.#half === '' ? bytes : Buffer.concat([this.end(), bytes]);
  }

  /** The bytes of a half surrogate pair whose other half has not come. */
  end(): Uint8Array {
    const half = this.#half;
    this.#half = '';
    return half === '' ? EMPTY : this.#encodeWhole(half);
  }

  #encodeText(chunk: string): Uint8Array {
    const text = this.#half + chunk;
    const whole = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
    this.#half = text.slice(whole);
    return this.#encodeWhole(text.slice(0, whole));
  }
}

function requireBytes(data: Exclude<Data, string>): Uint8Array {
  const bytes = bytesOf(data);
  if (bytes !== undefined) return bytes;
  throw errors.invalidArgument('A message is made of strings and bytes.');
}

function streamOf(source: MessageSource): ReadableStream<Data> {
  if (source instanceof ReadableStream) return source;
  const iterable = source as Partial<AsyncIterable<Data> & Iterable<Data>> | undefined | null;
  if (iterable?.[Symbol.asyncIterator] || iterable?.[Symbol.iterator]) {
    return ReadableStream.from(source);
  }
  throw errors.invalidArgument('A message comes from a ReadableStream or an iterable.');
}

function* partsOf(bytes: Uint8Array): Generator<Uint8Array> {
  const { length } = bytes;
  for (let at = 0; at < length; at += MAX_PART) {
    if (bytes.length !== length) {
      throw errors.invalidArgument('A chunk was given away while it was being sent.');
    }
    yield bytes.subarray(at, at + MAX_PART);
  }
}

/**
 * Has a message taken part by part, as fast as it comes and is taken. When the source fails, a part
 * is refused or one of `signals` is aborted, the source is cancelled and the message stays
 * unfinished: the promise is rejected with the reason.
 */
async function sendChunks(
  source: MessageSource,
  take: TakePart,
  encode: Encode,
  signals: readonly AbortSignal[],
): Promise<void> {
  function wait<Value>(promise: Promise<Value>): Promise<Value> {
    return signals.reduce((waiting, signal) => abortable(waiting, signal), promise);
  }
  const reader = streamOf(source).getReader();
  const encoder = new ChunkEncoder((text) => encode(text, isText ?? false));
  let isText: boolean | undefined;
  try {
    for (;;) {
      const { done, value } = await wait(reader.read());
      if (done) break;
      isText ??= typeof value === 'string';
      for (const part of partsOf(encoder.encode(value))) {
        await wait(take(part, false, isText));
      }
    }
    await wait(take(encoder.end(), true, isText ?? false));
  } catch (error) {
    // Not awaited: a source that is stuck may never answer.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** One message of a connection, while its parts are sent. */
class OutgoingMessage {
  readonly #connection: Recipient;
  readonly #sender: Sender;
  readonly #type: StreamOptions['type'];
  readonly #stopped: AbortSignal;
  /** Whether it has been begun and not ended. */
  #open = false;
  /** Settled when the latest part has been. */
  #taken: Promise<unknown> = DONE;

  /** It is not begun any more when `stopped` is aborted. */
  constructor(
    connection: Recipient,
    sender: Sender,
    type: StreamOptions['type'],
    stopped: AbortSignal,
  ) {
    this.#connection = connection;
    this.#sender = sender;
    this.#type = type;
    this.#stopped = stopped;
  }

  encode(text: string, isText: boolean): Uint8Array {
    return this.#sender.encode(text, this.#typeOf(isText) === 'text');
  }

  async take(bytes: Uint8Array, last: boolean, isText: boolean): Promise<void> {
    if (this.#open) {
      this.#send(CONTINUATION, bytes, last);
    } else {
      const opcode = Opcode[this.#typeOf(isText)];
      await whenReady(this.#connection, this.#stopped, () => this.#send(opcode, bytes, last));
    }
    await this.#taken;
  }

  /** Has a part of a message of this type taken while the caller waits. */
  takeNow(type: 'text' | 'binary', bytes: Uint8Array, last: boolean, wait: Wait): void {
    const { connectionId } = this.#connection;
    while (!this.#open && !this.#connection.readyToSend) {
      wait(this.#sender.beginDrain(connectionId));
    }
    const opcode = this.#open ? CONTINUATION : Opcode[type];
    const token = this.#sender.beginPart(connectionId, opcode, bytes, last);
    this.#open = !last;
    wait(token);
  }

  /** Ends it where it is. */
  interrupt(): void {
    if (!this.#open) return;
    try {
      this.#send(CONTINUATION, EMPTY, true);
    } catch {
      // The core refuses to end a text inside a character.
      this.fail();
    }
  }

  /** It cannot be completed: the client must not take a part for the whole. */
  fail(): void {
    if (this.#open) void this.#connection.close(1011, 'A message could not be completed');
  }

  #typeOf(isText: boolean): 'text' | 'binary' {
    return this.#type ?? (isText ? 'text' : 'binary');
  }

  #send(opcode: PartOpcode, bytes: Uint8Array, last: boolean): void {
    this.#taken = this.#sender.sendPart(this.#connection.connectionId, opcode, bytes, last);
    this.#open = !last;
  }
}

/** Calls `send` when it will be taken. */
export async function whenReady<Result>(
  connection: Recipient,
  signal: AbortSignal | undefined,
  send: () => Result,
): Promise<Awaited<Result>> {
  // After each wait it is looked at again: others that waited too may have filled the queue.
  while (!connection.readyToSend) await connection.drain({ signal });
  signal?.throwIfAborted();
  return await send();
}

/** What may end a message before its source does. */
export interface Interruptions {
  /** Aborted when the connection has ended. */
  readonly ended: AbortSignal;
  /** Aborted to end the message where it is. */
  readonly interrupted: AbortSignal;
}

function typeOf(options: StreamOptions | undefined): StreamOptions['type'] {
  const type = options?.type;
  if (type === undefined || type === 'text' || type === 'binary') return type;
  throw errors.invalidArgument("The type of a message is 'text' or 'binary'.");
}

/** What {@link WSConnection.sendStream} does. */
export async function sendStream(
  connection: Recipient,
  sender: Sender,
  { ended, interrupted }: Interruptions,
  source: MessageSource,
  options: StreamOptions | undefined,
): Promise<void> {
  let type: StreamOptions['type'];
  let signal: AbortSignal | undefined;
  try {
    type = typeOf(options);
    signal = signalOf(options);
  } catch (error) {
    return sender.fail(connection.connectionId, error);
  }
  const stop = new FirstSignal(signal === undefined ? [interrupted] : [interrupted, signal]);
  const message = new OutgoingMessage(connection, sender, type, stop.signal);
  try {
    await sendChunks(
      source,
      (...part) => message.take(...part),
      (...text) => message.encode(...text),
      [ended, stop.signal],
    );
  } catch (error) {
    if (stop.signal.aborted) {
      message.interrupt();
    } else {
      message.fail();
      sender.report(connection.connectionId, error);
    }
    throw error;
  } finally {
    stop.release();
  }
}

/**
 * Sends a message while the caller waits. When the source or a part fails, the connection is closed
 * with 1011, unless `signal` is aborted: then the message ends where it is.
 */
export function sendNow(
  connection: Recipient,
  sender: Sender,
  chunks: Iterable<Uint8Array>,
  type: 'text' | 'binary',
  signal: AbortSignal,
  wait: Wait,
): void {
  const message = new OutgoingMessage(connection, sender, type, signal);
  try {
    for (const chunk of chunks) {
      if (chunk.length > 0) message.takeNow(type, chunk, false, wait);
    }
    message.takeNow(type, EMPTY, true, wait);
  } catch (error) {
    if (signal.aborted) message.interrupt();
    else message.fail();
    throw error;
  }
}
