// SPDX-License-Identifier: MIT
// A list of texts in one payload, whatever they hold: before each its length, in four bytes, the
// least significant first. native/server/events/fields.h reads and writes the same.

import type { Chunk } from './chunk.js';
import { eventKind, layout } from './layout.js';

const HEAD = layout.fieldHead;

/** The fields of a payload by their names. */
export type Fields<Names extends readonly string[]> = Readonly<Record<Names[number], string>>;

/** Reads `length` bytes from `offset`. Fields that are not there are empty. */
type FieldReader<Names extends readonly string[]> = (
  chunk: Chunk,
  offset: number,
  length: number,
) => Fields<Names>;

/**
 * What reads the fields of event `name`, which are `names` in any order, in the manner of `read`: as
 * UTF-8, or a byte a character. Throws when the core gives others.
 */
export function fieldReader<const Names extends readonly string[]>(
  name: string,
  names: Names,
  read: 'text' | 'latin1',
): FieldReader<Names> {
  const given = layout.events[eventKind(name)]?.fields ?? [];
  if (`${given.toSorted()}` !== `${names.toSorted()}`) {
    throw new Error(`The core gives ${name} the fields ${given}, not ${names}.`);
  }
  return (chunk, offset, length) => {
    const fields: Record<string, string> = {};
    const end = offset + length;
    let at = offset;
    for (const field of given) {
      const size = at + HEAD <= end ? chunk.number(at) : 0;
      at = Math.min(at + HEAD, end);
      fields[field] = size > 0 ? chunk[read](at, Math.min(size, end - at)) : '';
      at += size;
    }
    return fields as Fields<Names>;
  };
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
