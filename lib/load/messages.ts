// SPDX-License-Identifier: MIT
// The messages that a load consists of.

import { randomBytes } from 'node:crypto';

/** The lines of `content` that are not empty; they share its memory. */
export function linesOf(content: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < content.length; ) {
    const found = content.indexOf(0x0a, at);
    const end = found < 0 ? content.length : found;
    if (end > at) lines.push(content.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

/** A message of `size` bytes that is compressed to about a third, as JSON often is. */
export function makeJson(size: number): Uint8Array {
  const rows: string[] = [];
  for (let id = 1, length = 0; length < size; id++) {
    const row = JSON.stringify({
      id,
      user: `user${(id * 7919) % 1000}`,
      value: ((id * 104729) % 100000) / 100,
      active: id % 3 === 0,
      tag: ['red', 'green', 'blue'][id % 3],
    });
    rows.push(row);
    length += row.length + 1;
  }
  return Buffer.from(rows.join(',')).subarray(0, size);
}

/** A message of `size` bytes that no compression or caching makes small. */
export function makeMessage(size: number, text: boolean): Uint8Array {
  const bytes = randomBytes(size);
  return text ? bytes.map((byte) => 0x30 + (byte & 0x3f)) : bytes;
}
