// SPDX-License-Identifier: MIT
// Java key stores of the type JKS, versions 1 and 2. The format is known from OpenJDK's JavaKeyStore
// class; the protector of its keys is a stream of SHA-1 digests.

import { createHash, timingSafeEqual } from 'node:crypto';
import { ByteReader, Truncated } from './byte_reader.js';
import { notOpened, requireFew, wrongPassword } from './failure.js';

const PRIVATE_KEY = 1;
const TRUSTED_CERTIFICATE = 2;
const DIGEST = 20;
const WHITENER = 'Mighty Aphrodite';
/** The object identifier 1.3.6.1.4.1.42.2.17.1.1, in DER. */
const PROTECTOR = Buffer.from('060a2b060104012a02110101', 'hex');

/** An element of DER that has to begin with `tag`, without its head. */
function contentOf(der: ByteReader, tag: number): Buffer {
  const [found, length] = der.take(2);
  if (found !== tag || length === undefined) throw new Truncated();
  if (length < 0x80) return der.take(length);
  if (length > 0x84) throw new Truncated();
  return der.take(der.take(length - 0x80).reduce((size, byte) => size * 256 + byte, 0));
}

function sha1(...parts: readonly Uint8Array[]): Buffer {
  return parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();
}

/** PKCS#8 out of an EncryptedPrivateKeyInfo (RFC 5208 §6) of the protector. */
function unprotected(sealed: Buffer, password: Buffer): Buffer {
  const info = new ByteReader(contentOf(new ByteReader(sealed), 0x30));
  if (!contentOf(info, 0x30).subarray(0, PROTECTOR.length).equals(PROTECTOR)) {
    throw notOpened('A key of the store is protected in a way that is not that of JKS.');
  }
  const data = contentOf(info, 0x04);
  if (data.length < 2 * DIGEST) throw new Truncated();
  const plain = Buffer.from(data.subarray(DIGEST, -DIGEST));
  let stream = data.subarray(0, DIGEST);
  for (let at = 0; at < plain.length; at += DIGEST) {
    stream = sha1(password, stream);
    for (let i = at; i < Math.min(at + DIGEST, plain.length); i++) {
      plain[i] = (plain[i] as number) ^ (stream[i - at] as number);
    }
  }
  if (!timingSafeEqual(sha1(password, plain), data.subarray(-DIGEST))) throw wrongPassword();
  return plain;
}

function readCertificate(store: ByteReader, version: number): Buffer {
  if (version === 2 && store.take(store.uint16()).toString() !== 'X.509') {
    throw notOpened('The store holds a certificate that is not of X.509.');
  }
  return store.sized();
}

function readEntry(store: ByteReader, version: number, password: Buffer): Buffer[] {
  const kind = store.uint32();
  store.take(store.uint16()); // The alias.
  store.take(8); // When it was made.
  if (kind === TRUSTED_CERTIFICATE) return [readCertificate(store, version)];
  if (kind !== PRIVATE_KEY) throw new Truncated();
  const sealed = store.sized();
  const parts: Buffer[] = [];
  for (let left = store.uint32(); left > 0; left--) {
    parts.push(readCertificate(store, version));
    requireFew(parts.length);
  }
  return [...parts, unprotected(sealed, password)];
}

function readEntries(bytes: Uint8Array, password: Buffer): Buffer[] {
  const store = new ByteReader(bytes);
  store.take(4); // The magic number.
  const version = store.uint32();
  if (version !== 1 && version !== 2) throw new Truncated();
  const parts: Buffer[] = [];
  for (let left = store.uint32(); left > 0; left--) {
    parts.push(...readEntry(store, version, password));
    requireFew(parts.length);
  }
  const size = store.position;
  const digest = store.take(DIGEST);
  // As in Java, certificates alone can be had without the password.
  if (password.length === 0) return parts;
  const made = sha1(password, Buffer.from(WHITENER), bytes.subarray(0, size));
  if (timingSafeEqual(made, digest)) return parts;
  throw wrongPassword();
}

/** The certificates of a JKS, and its keys in PKCS#8. `password` is that of the keys, too. */
export function readJks(bytes: Uint8Array, password: string): Buffer[] {
  const secret = Buffer.from(password, 'utf16le').swap16();
  try {
    return readEntries(bytes, secret);
  } catch (error) {
    if (error instanceof Truncated) throw notOpened('The JKS is damaged or cut.');
    throw error;
  } finally {
    secret.fill(0);
  }
}
