// SPDX-License-Identifier: MIT
// SSH public keys: a line of OpenSSH, the file of RFC 4716 §3, or the bare bytes.

import type { Secrets } from '../../base/secrets.js';
import { ByteReader, Truncated } from './byte_reader.js';
import { notOpened, requireSize } from './failure.js';
import { derOf } from './keys.js';
import { readPublicKey } from './ssh_key.js';

/** One of RSA of 16384 bits is 3 KiB; a file may hold some. */
const MAX_SIZE = 64 * 1024;

const BEGIN = '---- BEGIN SSH2 PUBLIC KEY ----';
const END = '---- END SSH2 PUBLIC KEY ----';

/** The bytes of the key; `bytes` themselves when they are no text that is known. */
function blobOf(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const begin = text.indexOf(BEGIN);
  if (begin >= 0) {
    const lines = text.slice(begin + BEGIN.length, text.indexOf(END, begin)).split(/\r?\n/);
    let continued = false;
    const body = lines.filter((line) => {
      const isHeader = continued || line.includes(':');
      continued = isHeader && line.endsWith('\\');
      return !isHeader;
    });
    return Buffer.from(body.join(''), 'base64');
  }
  for (const line of text.split(/\r?\n/)) {
    const [algorithm = '', key] = line.trim().split(/\s+/, 2);
    if (/^(ssh-|ecdsa-|sk-)/.test(algorithm) && key) return Buffer.from(key, 'base64');
  }
  return bytes;
}

/** SubjectPublicKeyInfo of the key, the first if there are several. */
export function readSshPublicKey(bytes: Uint8Array, secrets: Secrets): Buffer[] {
  requireSize(bytes, MAX_SIZE, 'SSH public key');
  try {
    return [derOf(readPublicKey(new ByteReader(blobOf(bytes))), 'SSH public key', secrets)];
  } catch (error) {
    if (error instanceof Truncated) throw notOpened('It is no SSH public key, or it is cut.');
    throw error;
  }
}
