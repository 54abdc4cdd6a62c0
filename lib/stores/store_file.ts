// SPDX-License-Identifier: MIT
// The bytes of a file that is a certificate store.

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { notOpened } from './failure.js';

/** No certificate store of a server is larger. */
export const MAX_STORE_SIZE = 16 * 1024 * 1024;

const MAX_PATH = 4096;
const CHUNK = 64 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file.',
  ENOTDIR: 'There is no such file.',
  EACCES: 'The file may not be read by this process; check its permissions.',
  EPERM: 'The file may not be read by this process; check its permissions.',
  ELOOP: 'The file is behind too many symbolic links.',
  EMFILE: 'The process has too many files open.',
  ENFILE: 'The system has too many files open.',
};

/** `read`'s result; what the system has against it becomes a 271. */
function attempt<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw notOpened(reasons[code] ?? `The file cannot be read (${code}).`);
  }
}

/** As much of `file` as there is, up to one byte more than a store may have. */
function readAll(file: number): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  while (size <= MAX_STORE_SIZE) {
    const piece = Buffer.allocUnsafeSlow(CHUNK);
    const count = attempt(() => readSync(file, piece, 0, CHUNK, null));
    if (count === 0) break;
    pieces.push(piece.subarray(0, count));
    size += count;
  }
  const bytes = Buffer.concat(pieces);
  for (const piece of pieces) piece.fill(0);
  return bytes;
}

const canBeName = (store: Uint8Array): boolean => store.length <= MAX_PATH && !store.includes(0);

export function isRegularFile(store: Uint8Array): boolean {
  if (!canBeName(store)) return false;
  try {
    return statSync(Buffer.from(store)).isFile();
  } catch {
    return false;
  }
}

/** A regular file, whole. Never waits, as a pipe would make it. */
export function readStoreFile(name: Uint8Array): Buffer {
  if (!canBeName(name)) {
    throw notOpened('That is no name of a file; contents are given with one of the blob types.');
  }
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  const file = attempt(() => openSync(Buffer.from(name), O_RDONLY | O_NONBLOCK));
  try {
    if (!attempt(() => fstatSync(file)).isFile()) {
      throw notOpened('That is no regular file; give the path of one, not of a folder or a pipe.');
    }
    const bytes = readAll(file);
    if (bytes.length <= MAX_STORE_SIZE) return bytes;
    throw notOpened('The file is larger than the 16 MiB that a store may have.');
  } finally {
    closeSync(file);
  }
}
