// SPDX-License-Identifier: MIT
// One message, sent in fragments as they come from a source, in bounded memory.

import { ReadableStream } from 'node:stream/web';
import { abortable } from './abort.js';
import { WSServerError } from './errors.js';
import type { Data } from './sender.js';

/** Where a message comes from, piece by piece. */
export type MessageSource = ReadableStream<Data> | AsyncIterable<Data>;

/**
 * Takes the next part of a message. The promise is fulfilled when there is room for another part,
 * and rejected when there will be none.
 */
export type TakePart = (bytes: Uint8Array, last: boolean) => Promise<unknown>;

/** A larger chunk is sent in parts of this size, so that no more than that waits in a queue. */
const MAX_PART = 256 * 1024;
const EMPTY = new Uint8Array(0);

/** Encodes chunks as they come. Half a surrogate pair waits for its other half. */
class ChunkEncoder {
  #half = '';

  encode(chunk: Data): Uint8Array {
    if (typeof chunk === 'string') return this.#encodeText(chunk);
    const bytes = bytesOf(chunk);
    return this.#half === '' ? bytes : Buffer.concat([this.end(), bytes]);
  }

  /** What a half that stayed alone comes to. */
  end(): Uint8Array {
    const half = this.#half;
    this.#half = '';
    return half === '' ? EMPTY : Buffer.from(half);
  }

  #encodeText(chunk: string): Uint8Array {
    const text = this.#half + chunk;
    const whole = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
    this.#half = text.slice(whole);
    return Buffer.from(text.slice(0, whole));
  }
}

function bytesOf(data: Exclude<Data, string>): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  throw new WSServerError(10022, 'A message is made of strings and bytes.');
}

function* partsOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_PART) yield bytes.subarray(at, at + MAX_PART);
}

/**
 * Has a message taken part by part, as fast as it comes and is taken. When the source fails, a part
 * is refused or `signal` is aborted, the source is cancelled and the message stays unfinished: the
 * promise is rejected with the reason.
 */
export async function sendChunks(
  source: MessageSource,
  take: TakePart,
  signal?: AbortSignal,
): Promise<void> {
  const stream = source instanceof ReadableStream ? source : ReadableStream.from(source);
  const reader = stream.getReader();
  const encoder = new ChunkEncoder();
  try {
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) break;
      for (const part of partsOf(encoder.encode(value))) {
        await abortable(take(part, false), signal);
      }
    }
    await abortable(take(encoder.end(), true), signal);
  } catch (error) {
    // Not awaited: a source that is stuck may never answer.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}
