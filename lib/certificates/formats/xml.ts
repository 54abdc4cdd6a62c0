// SPDX-License-Identifier: MIT
// RSA keys as .NET writes them (RSA.ToXmlString), and the certificates of XML signatures.

import type { Secrets } from '../../base/secrets.js';
import { decodeBase64 } from './base64.js';
import { notOpened, requireFew, requireSize } from './failure.js';
import { derOf, type KeyParts } from './keys.js';

/** A hundred keys of 4096 bits, or some hundreds of certificates. */
const MAX_SIZE = 1024 * 1024;

/** The elements of RSAKeyValue (XML-Signature §4.5.2.2 and .NET), by the members of a JWK. */
const elements = {
  Modulus: 'n',
  Exponent: 'e',
  D: 'd',
  P: 'p',
  Q: 'q',
  DP: 'dp',
  DQ: 'dq',
  InverseQ: 'qi',
} as const;

const isElement = (name: string): name is keyof typeof elements => Object.hasOwn(elements, name);

/** No tag that is looked for is longer. */
const MAX_TAG = 256;

/**
 * The names of tags, without prefixes, those that close with a slash; each with the bytes up to the
 * next tag. Bytes, not text: they may be those of a key.
 */
function* tagsOf(bytes: Buffer): Generator<[name: string, text: Uint8Array]> {
  for (let begin = bytes.indexOf('<'); begin >= 0; ) {
    const end = bytes.indexOf('>', begin);
    if (end < 0) return;
    const next = bytes.indexOf('<', end);
    const head = bytes.toString('latin1', begin + 1, Math.min(end, begin + MAX_TAG));
    const [tag = ''] = head.split(/\s/, 1);
    const name = tag.replace(/^(\/?)[^:]*:/, '$1');
    yield [name, bytes.subarray(end + 1, next < 0 ? undefined : next)];
    begin = next;
  }
}

/** The certificates and keys of an XML document. */
export function readXml(bytes: Uint8Array, secrets: Secrets): Buffer[] {
  requireSize(bytes, MAX_SIZE, 'XML');
  const certificates: Buffer[] = [];
  const keys: Buffer[] = [];
  let key: Omit<{ -readonly [Name in keyof KeyParts]: KeyParts[Name] }, 'kty'> = {};
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const [name, text] of tagsOf(view)) {
    if (name === 'X509Certificate') {
      requireFew(certificates.length + 1);
      certificates.push(decodeBase64(text));
    }
    if (isElement(name)) key[elements[name]] = secrets.hold(decodeBase64(text));
    if (name === '/RSAKeyValue') {
      requireFew(0, keys.length + 1);
      keys.push(derOf({ ...key, kty: 'RSA' }, 'XML', secrets));
      key = {};
    }
  }
  const parts = [...certificates, ...keys];
  if (parts.length > 0) return parts;
  throw notOpened('The XML holds neither an RSAKeyValue nor an X509Certificate that is whole.');
}
