// SPDX-License-Identifier: MIT
// PuTTY private keys, versions 2 and 3 (PuTTY user manual, appendix C).

import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../../base/secrets.js';
import { type Argon2, argon2, MAX_ARGON2_MEMORY, MAX_ARGON2_WORK } from './argon2.js';
import { decodeBase64 } from './base64.js';
import { ByteReader, Truncated } from './byte_reader.js';
import { notOpened, requireSize, wrongPassword } from './failure.js';
import { derOf } from './keys.js';
import { readPrivateKey, readPublicKey } from './ssh_key.js';

const MAGIC = /^PuTTY-User-Key-File-(\d+)$/;
const COUNT = /^\d{1,9}$/;
const BLOCK = 16;
/** A key of RSA of 16384 bits is 14 KiB. */
const MAX_SIZE = 64 * 1024;
const damaged = (): Error => notOpened('The PPK is damaged.');

interface File {
  readonly version: number;
  readonly algorithm: string;
  readonly encryption: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly publicBlob: Buffer;
  /** Encrypted, if `encryption` says so. */
  readonly privateBlob: Buffer;
}

/** The lines of `bytes`, whichever way they end. Bytes, not text: they may be those of a key. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let begin = 0; begin <= bytes.length; ) {
    const end = bytes.subarray(begin).findIndex((byte) => byte === 10 || byte === 13);
    const line = bytes.subarray(begin, end < 0 ? undefined : begin + end);
    lines.push(line);
    const isPair = bytes[begin + line.length] === 13 && bytes[begin + line.length + 1] === 10;
    begin += line.length + (isPair ? 2 : 1);
  }
  return lines;
}

function parse(bytes: Uint8Array, secrets: Secrets): File {
  requireSize(bytes, MAX_SIZE, 'PPK');
  const lines = linesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  const headers = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  for (let at = 0; at < lines.length; ) {
    const line = lines[at++] as Buffer;
    const colon = line.indexOf(': ');
    if (colon < 0) continue;
    const [name, value] = [line.toString('latin1', 0, colon), line.toString('latin1', colon + 2)];
    headers.set(name, value);
    if (!name.endsWith('-Lines')) continue;
    const count = Number(value);
    if (!COUNT.test(value) || count > lines.length - at) throw damaged();
    const text = secrets.joined(...lines.slice(at, at + count));
    blobs.set(name, secrets.hold(decodeBase64(text)));
    at += count;
  }
  const [first = '', algorithm = ''] = headers.entries().next().value ?? [];
  return {
    version: Number(MAGIC.exec(first)?.[1]),
    algorithm,
    encryption: headers.get('Encryption') ?? '',
    headers,
    publicBlob: blobs.get('Public-Lines') ?? Buffer.alloc(0),
    privateBlob: blobs.get('Private-Lines') ?? Buffer.alloc(0),
  };
}

interface Keys {
  readonly cipherKey: Buffer;
  readonly iv: Buffer;
  readonly macKey: Buffer;
  readonly hash: string;
}

const hashOf = (hash: string, ...parts: (Uint8Array | string)[]): Buffer =>
  parts.reduce((made, part) => made.update(part), createHash(hash)).digest();

function keysOfVersion2(password: string, secrets: Secrets): Keys {
  const [first, second] = [0, 1].map((n) => hashOf('sha1', Buffer.from([0, 0, 0, n]), password));
  return {
    cipherKey: secrets.joined(first as Buffer, second as Buffer).subarray(0, 32),
    iv: Buffer.alloc(BLOCK),
    macKey: secrets.hold(hashOf('sha1', 'putty-private-key-file-mac-key', password)),
    hash: 'sha1',
  };
}

function argon2Of({ headers }: File): Argon2 {
  const number = (name: string): number => Number(headers.get(`Argon2-${name}`));
  const derivation = headers.get('Key-Derivation')?.toLowerCase();
  const [memory, passes, parallelism] = [number('Memory'), number('Passes'), number('Parallelism')];
  const isNumber = [memory, passes, parallelism].every((n) => Number.isSafeInteger(n) && n > 0);
  if (
    !isNumber ||
    !(derivation === 'argon2id' || derivation === 'argon2i' || derivation === 'argon2d')
  ) {
    throw damaged();
  }
  if (memory > MAX_ARGON2_MEMORY || memory * passes > MAX_ARGON2_WORK || parallelism > 64) {
    throw notOpened(
      'Its Argon2 would take too long; convert it with puttygen --ppk-param passes=16,memory=8192.',
    );
  }
  const salt = Buffer.from(headers.get('Argon2-Salt') ?? '', 'hex');
  // RFC 9106 §3.1, and what Argon2's authors advise for the salt.
  if (memory < 8 * parallelism || salt.length < 8) throw damaged();
  return { derivation, memory, passes, parallelism, salt };
}

function keysOfVersion3(file: File, password: string, secrets: Secrets): Keys {
  if (file.encryption === 'none') {
    const empty = Buffer.alloc(0);
    return { cipherKey: empty, iv: empty, macKey: empty, hash: 'sha256' };
  }
  const made = argon2(password, argon2Of(file), 80, secrets);
  const [cipherKey, iv, macKey] = [made.subarray(0, 32), made.subarray(32, 48), made.subarray(48)];
  return { cipherKey, iv, macKey, hash: 'sha256' };
}

function decrypted(
  { encryption, privateBlob }: File,
  { cipherKey, iv }: Keys,
  secrets: Secrets,
): Buffer {
  if (encryption === 'none') return privateBlob;
  if (encryption !== 'aes256-cbc' || privateBlob.length % BLOCK !== 0) throw damaged();
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv).setAutoPadding(false);
  return secrets.hold(decipher.update(privateBlob));
}

function macOf(file: File, keys: Keys, plain: Buffer): Buffer {
  const comment = file.headers.get('Comment') ?? '';
  const parts = [file.algorithm, file.encryption, comment].map((part) =>
    Buffer.from(part, 'latin1'),
  );
  const mac = createHmac(keys.hash, keys.macKey);
  for (const part of [...parts, file.publicBlob, plain]) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(part.length);
    mac.update(size).update(part);
  }
  return mac.digest();
}

function checkedPlain(file: File, password: string, secrets: Secrets): Buffer {
  const isEncrypted = file.encryption !== 'none';
  // A key without a password has its MAC keyed without one, whatever was given.
  const secret = isEncrypted ? password : '';
  const keys =
    file.version === 2 ? keysOfVersion2(secret, secrets) : keysOfVersion3(file, secret, secrets);
  const plain = decrypted(file, keys, secrets);
  const stored = Buffer.from(file.headers.get('Private-MAC') ?? '', 'hex');
  const made = macOf(file, keys, plain);
  if (stored.length === made.length && timingSafeEqual(stored, made)) return plain;
  throw isEncrypted && stored.length === made.length ? wrongPassword() : damaged();
}

/** DER of the private key. */
export function readPpk(bytes: Uint8Array, password: string, secrets: Secrets): Buffer[] {
  const file = parse(bytes, secrets);
  if (file.version !== 2 && file.version !== 3) {
    throw notOpened('It is no PPK of version 2 or 3; convert it with puttygen.');
  }
  const plain = checkedPlain(file, password, secrets);
  try {
    const publicKey = readPublicKey(new ByteReader(file.publicBlob));
    const key = readPrivateKey(publicKey, new ByteReader(plain), secrets);
    return [derOf(key, 'PPK', secrets)];
  } catch (error) {
    throw error instanceof Truncated ? damaged() : error;
  }
}
