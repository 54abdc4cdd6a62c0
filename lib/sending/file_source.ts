// SPDX-License-Identifier: MIT
// A file as the source of a message: read piece by piece, in constant memory.

import { closeSync, readSync } from 'node:fs';
import { ErrorCode, errors, WSServerError } from '../base/errors.js';
import { NotRegular, openNow, openRegular } from '../base/regular_file.js';
import { shown } from '../base/shown.js';

/** How much of a file is read at once. */
const CHUNK = 256 * 1024;
/** The same for files that do not say how long they are (/proc); most of those are short. */
const UNSIZED_CHUNK = 16 * 1024;

/** The documented codes of what the system may say of a file; any other is an invalid argument. */
const codes: Readonly<Record<string, number>> = {
  EACCES: ErrorCode.accessDenied,
  EPERM: ErrorCode.accessDenied,
  EMFILE: ErrorCode.tooManyOpenFiles,
  ENFILE: ErrorCode.tooManyOpenFiles,
  ENAMETOOLONG: ErrorCode.fileNameTooLong,
};

function unreadable(fileName: string, cause: NodeJS.ErrnoException): WSServerError {
  if (cause instanceof NotRegular) {
    return errors.invalidArgument(`"${shown(fileName)}" is not a regular file.`);
  }
  const code = codes[cause.code ?? ''] ?? ErrorCode.invalidArgument;
  const sentence = `The file "${shown(fileName)}" cannot be read: ${shown(cause)}.`;
  return new WSServerError(code, sentence, { cause });
}

/** What `reading` comes to. */
async function attempt<Value>(fileName: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (error) {
    throw unreadable(fileName, error as NodeJS.ErrnoException);
  }
}

/** What `read` returns. */
function attemptNow<Value>(fileName: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw unreadable(fileName, error as NodeJS.ErrnoException);
  }
}

/** The length of `bytes` without a character of UTF-8 at the end that is not complete. */
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

/** The chunks of a file, as they are read. */
class Chunks {
  readonly #fileName: string;
  readonly #isText: boolean;
  readonly #buffer: Buffer;
  /** Bytes of the file that have not been read; infinite where the file does not say. */
  #left: number;
  /** How many bytes the buffer has, and how many of them have been given out. */
  #filled = 0;
  #given = 0;

  /** A file of `size` bytes; 0: read to its end, because the files of /proc say so, too. */
  constructor(fileName: string, size: number, isText: boolean) {
    this.#fileName = fileName;
    this.#isText = isText;
    this.#left = size === 0 ? Number.POSITIVE_INFINITY : size;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(size === 0 ? UNSIZED_CHUNK : size, CHUNK));
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  /** Where the next bytes are to be read to. The chunk before is not valid any more. */
  next(): Buffer {
    this.#buffer.copyWithin(0, this.#given, this.#filled);
    this.#filled -= this.#given;
    return this.#buffer.subarray(this.#filled, this.#filled + this.#left);
  }

  /** `bytesRead` have been read into {@link next}: the chunk that can be given out now. */
  take(bytesRead: number): Uint8Array {
    const isUnsized = this.#left === Number.POSITIVE_INFINITY;
    if (bytesRead === 0 && !isUnsized) {
      const what = `The file "${shown(this.#fileName)}" became shorter meanwhile.`;
      throw errors.sendFailed(what);
    }
    this.#left = bytesRead === 0 ? 0 : this.#left - bytesRead;
    this.#filled += bytesRead;
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#given = this.#isText && !this.complete ? wholeCharacters(bytes) : this.#filled;
    return bytes.subarray(0, this.#given);
  }
}

/**
 * As many bytes as the file has when it is opened, or all to its end if it says that it has none. A
 * chunk is valid until the next one is asked for. With `isText` chunks end between characters: a
 * message may be ended behind each of them, and still be a text.
 */
export async function* chunksOf(fileName: string, isText: boolean): AsyncGenerator<Uint8Array> {
  const { file, stats } = await attempt(fileName, openRegular(fileName));
  try {
    const chunks = new Chunks(fileName, stats.size, isText);
    while (!chunks.complete) {
      const { bytesRead } = await attempt(fileName, file.read(chunks.next()));
      const chunk = chunks.take(bytesRead);
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    await file.close();
  }
}

/** The same, read while the caller waits. */
export function* chunksNow(fileName: string, isText: boolean): Generator<Uint8Array> {
  const { file, stats } = attemptNow(fileName, () => openNow(fileName));
  try {
    const chunks = new Chunks(fileName, stats.size, isText);
    while (!chunks.complete) {
      const chunk = chunks.take(attemptNow(fileName, () => readSync(file, chunks.next())));
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    closeSync(file);
  }
}
