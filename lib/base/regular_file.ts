// SPDX-License-Identifier: MIT
// Files that users name. They are opened without waiting: under the name there may be a pipe, which
// would keep the process, or a thread of its pool, until somebody opens its other end.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const { O_RDONLY, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
const READ = O_RDONLY | O_NONBLOCK | O_NOCTTY;
const CHUNK = 64 * 1024;

/** What is under the name is a folder, a pipe, a device or a socket. */
export class NotRegular extends Error {}

/** There is more in the file than was asked for. */
export class TooLarge extends Error {}

function requireRegular(stats: Stats): Stats {
  if (stats.isFile()) return stats;
  throw new NotRegular('It is no regular file.');
}

/** @throws what the system says, or {@link NotRegular} */
export function openNow(name: string | Buffer): { file: number; stats: Stats } {
  const file = openSync(name, READ);
  try {
    return { file, stats: requireRegular(fstatSync(file)) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Rejects with what the system says, or {@link NotRegular}. */
export async function openRegular(name: string): Promise<{ file: FileHandle; stats: Stats }> {
  const file = await open(name, READ);
  try {
    return { file, stats: requireRegular(await file.stat()) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * All of a regular file; the copies that were made on the way are wiped.
 * @throws what the system says, {@link NotRegular}, or {@link TooLarge} beyond `most` bytes
 */
export function readWhole(name: string | Buffer, most: number): Buffer {
  const { file } = openNow(name);
  const pieces: Buffer[] = [];
  try {
    let size = 0;
    for (let count = CHUNK; count > 0; size += count) {
      if (size > most) throw new TooLarge('It is too large.');
      const piece = Buffer.allocUnsafeSlow(CHUNK);
      count = readSync(file, piece, 0, CHUNK, null);
      pieces.push(piece.subarray(0, count));
    }
    return Buffer.concat(pieces);
  } finally {
    for (const piece of pieces) piece.fill(0);
    closeSync(file);
  }
}
