// SPDX-License-Identifier: MIT
// The bytes of a file that is a certificate store.

import { statSync } from 'node:fs';
import { NotRegular, readWhole, TooLarge } from '../base/regular_file.js';
import { notOpened } from './formats/failure.js';

/** No certificate store of a server is larger (native/tls/stores/store.h). */
export const MAX_STORE_SIZE = 4 * 1024 * 1024;

const MAX_PATH = 4096;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file.',
  ENOTDIR: 'There is no such file.',
  EACCES: 'The file may not be read by this process; check its permissions.',
  EPERM: 'The file may not be read by this process; check its permissions.',
  ENXIO: 'That is no regular file; give the path of one.',
  ELOOP: 'The file is behind too many symbolic links.',
  EMFILE: 'The process has too many files open.',
  ENFILE: 'The system has too many files open.',
};

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
  try {
    return readWhole(Buffer.from(name), MAX_STORE_SIZE);
  } catch (error) {
    if (error instanceof NotRegular) {
      throw notOpened('That is no regular file; give the path of one, not of a folder or a pipe.');
    }
    if (error instanceof TooLarge) {
      throw notOpened('The file is larger than the 4 MiB that a store may have.');
    }
    const { code = '' } = error as NodeJS.ErrnoException;
    throw notOpened(reasons[code] ?? `The file cannot be read (${code}).`);
  }
}
