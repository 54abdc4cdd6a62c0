// SPDX-License-Identifier: MIT
// A file as the source of a message: read piece by piece, in constant memory.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { WSServerError } from './errors.js';

/** How much of a file is read at once. */
const CHUNK = 256 * 1024;

const INVALID_ARGUMENT = 10022;
const SEND_FAILED = 4202;

/** The documented codes of what the system may say of a file; any other is 10022. */
const codes: Readonly<Record<string, number>> = {
  EACCES: 10013,
  EPERM: 10013,
  EMFILE: 10024,
  ENFILE: 10024,
  ENAMETOOLONG: 10063,
};

function unreadable(fileName: string, cause: NodeJS.ErrnoException): WSServerError {
  const code = codes[cause.code ?? ''] ?? INVALID_ARGUMENT;
  return new WSServerError(code, `The file "${fileName}" cannot be read: ${cause.message}.`, {
    cause,
  });
}

/** What `reading` comes to. */
async function attempt<Value>(fileName: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (error) {
    throw unreadable(fileName, error as NodeJS.ErrnoException);
  }
}

async function openFile(fileName: string): Promise<FileHandle> {
  // Without waiting: a pipe would keep a thread until somebody writes to it.
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  return await attempt(fileName, open(fileName, O_RDONLY | O_NONBLOCK));
}

async function sizeOf(fileName: string, file: FileHandle): Promise<number> {
  const found = await attempt(fileName, file.stat());
  if (found.isFile()) return found.size;
  throw new WSServerError(INVALID_ARGUMENT, `"${fileName}" is not a regular file.`);
}

/** How many of `bytes` there are, but for a character of UTF-8 that has not come to its end. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/**
 * As many bytes as the file has when it is opened, in chunks that are valid until the next one is
 * asked for. With `isText` none but the last ends inside a character, so that a text may end there.
 */
export async function* chunksOf(fileName: string, isText: boolean): AsyncGenerator<Uint8Array> {
  const file = await openFile(fileName);
  try {
    const size = await sizeOf(fileName, file);
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, CHUNK));
    let kept = 0;
    for (let left = size; left > 0; ) {
      const room = Math.min(buffer.length - kept, left);
      const { bytesRead } = await attempt(fileName, file.read(buffer, kept, room, null));
      if (bytesRead === 0) {
        throw new WSServerError(SEND_FAILED, `The file "${fileName}" became shorter meanwhile.`);
      }
      left -= bytesRead;
      const filled = kept + bytesRead;
      const end = isText && left > 0 ? wholeCharacters(buffer.subarray(0, filled)) : filled;
      yield buffer.subarray(0, end);
      buffer.copyWithin(0, end, filled);
      kept = filled - end;
    }
  } finally {
    await file.close();
  }
}
