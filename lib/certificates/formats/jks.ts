// SPDX-License-Identifier: MIT
// Java key stores of the type JKS, versions 1 and 2. The format is known from OpenJDK's JavaKeyStore
// class; the protector of its keys is a stream of SHA-1 digests.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../../base/secrets.js';
import { ByteReader, Truncated } from './byte_reader.js';
import { notOpened, requireFew, wrongPassword } from './failure.js';

const PRIVATE_KEY = 1;
const TRUSTED_CERTIFICATE = 2;
const DIGEST = 20;
/** PKCS#8 of an RSA key of 16384 bits is 9 KiB. */
const MAX_KEY = 16 * 1024;
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
function unprotected(sealed: Buffer, password: Buffer, secrets: Secrets): Buffer {
  if (sealed.length > MAX_KEY) throw notOpened('A key of the store is larger than any for TLS.');
  const info = new ByteReader(contentOf(new ByteReader(sealed), 0x30));
  if (!contentOf(info, 0x30).subarray(0, PROTECTOR.length).equals(PROTECTOR)) {
    throw notOpened('A key of the store is protected in a way that is not that of JKS.');
  }
  const data = contentOf(info, 0x04);
  if (data.length < 2 * DIGEST) throw new Truncated();
  const plain = secrets.hold(Buffer.from(data.subarray(DIGEST, -DIGEST)));
  let stream = data.subarray(0, DIGEST);
  for (let at = 0; at < plain.length; at += DIGEST) {
    stream = secrets.hold(sha1(password, stream));
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

/** What a store has held so far. */
interface Found {
  readonly certificates: Buffer[];
  readonly keys: Buffer[];
}

function addCertificate(store: ByteReader, version: number, { certificates }: Found): void {
  requireFew(certificates.length + 1);
  certificates.push(readCertificate(store, version));
}

function addEntry(
  store: ByteReader,
  version: number,
  password: Buffer,
  found: Found,
  secrets: Secrets,
): void {
  const kind = store.uint32();
  store.take(store.uint16()); // The alias.
  store.take(8); // When it was made.
  if (kind === TRUSTED_CERTIFICATE) {
    addCertificate(store, version, found);
    return;
  }
  if (kind !== PRIVATE_KEY) throw new Truncated();
  requireFew(0, found.keys.length + 1);
  const sealed = store.sized();
  for (let left = store.uint32(); left > 0; left--) addCertificate(store, version, found);
  found.keys.push(unprotected(sealed, password, secrets));
}

function readEntries(bytes: Uint8Array, password: Buffer, secrets: Secrets): Buffer[] {
  const store = new ByteReader(bytes);
  store.take(4); // The magic number.
  const version = store.uint32();
  if (version !== 1 && version !== 2) throw new Truncated();
  const found: Found = { certificates: [], keys: [] };
  for (let left = store.uint32(); left > 0; left--) {
    addEntry(store, version, password, found, secrets);
  }
  const parts = [...found.certificates, ...found.keys];
  const size = store.position;
  const digest = store.take(DIGEST);
  // As in Java, certificates alone can be had without the password.
  if (password.length === 0) return parts;
  const made = sha1(password, Buffer.from(WHITENER), bytes.subarray(0, size));
  if (timingSafeEqual(made, digest)) return parts;
  throw wrongPassword();
}

/** The certificates of a JKS, and its keys in PKCS#8. `password` is that of the keys, too. */
export function readJks(bytes: Uint8Array, password: string, secrets: Secrets): Buffer[] {
  const secret = secrets.hold(Buffer.from(password, 'utf16le').swap16());
  try {
    return readEntries(bytes, secret, secrets);
  } catch (error) {
    if (error instanceof Truncated) throw notOpened('The JKS is damaged or cut.');
    throw error;
  }
}
