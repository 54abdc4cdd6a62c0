// SPDX-License-Identifier: MIT
// A list of texts in one payload, whatever they hold: before each its length, in four bytes, the
// least significant first. native/server/fields.h reads and writes the same.

import type { Chunk } from './chunk.js';

const HEAD = 4;

/** The fields of the payload at `offset`, in the manner of `read`: as UTF-8, or a byte a character. */
export function readFields(
  chunk: Chunk,
  offset: number,
  length: number,
  read: 'text' | 'latin1',
): string[] {
  const fields: string[] = [];
  const end = offset + length;
  let at = offset;
  while (at + HEAD <= end) {
    const size = chunk.number(at);
    at += HEAD;
    fields.push(chunk[read](at, Math.min(size, end - at)));
    at += size;
  }
  return fields;
}

/** `fields` as one payload. */
export function writeFields(fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const head = Buffer.alloc(HEAD);
      head.writeUInt32LE(field.length);
      return [head, field];
    }),
  );
}
