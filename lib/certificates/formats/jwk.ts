// SPDX-License-Identifier: MIT
// JSON Web Keys and sets of them (RFC 7517). JSON.parse makes strings: the parts of a key that are in
// them cannot be wiped, and stay in memory until the garbage collector takes them.

import type { Secrets } from '../../base/secrets.js';
import { notOpened, requireFew, requireSize } from './failure.js';
import { derOf, isForTls, members } from './keys.js';

/** A hundred keys of 4096 bits, or some hundreds with certificates. */
const MAX_SIZE = 1024 * 1024;

type Member = (typeof members)[number] | 'kty' | 'crv' | 'x5c';
type Jwk = { readonly [Name in Member]?: unknown };

/** A member that is a list of certificates in Base64 (RFC 7517 §4.7). */
function chainOf({ x5c }: { readonly x5c?: unknown }): readonly string[] {
  if (x5c === undefined) return [];
  if (!Array.isArray(x5c) || !x5c.every((item) => typeof item === 'string')) {
    throw notOpened('The "x5c" of the JWK is no list of certificates in Base64.');
  }
  return x5c;
}

/** A member that is a text; undefined when it is not there. */
function textOf(jwk: Jwk, name: Member): string | undefined {
  const value = jwk[name];
  if (value === undefined || typeof value === 'string') return value;
  throw notOpened(`The key of the JWK is damaged: "${name}" is no text.`);
}

function keyOf(jwk: Jwk, secrets: Secrets): Buffer {
  const parts: Partial<Record<(typeof members)[number], Uint8Array>> = {};
  for (const name of members) {
    const text = textOf(jwk, name);
    if (text !== undefined) parts[name] = secrets.hold(Buffer.from(text, 'base64url'));
  }
  const [kty = '', crv = ''] = [textOf(jwk, 'kty'), textOf(jwk, 'crv')];
  return derOf({ ...parts, kty, crv }, 'JWK', secrets);
}

/** A public key is left out where there are certificates: it is in one of them. */
function partsOf(jwk: Jwk, secrets: Secrets): Buffer[] {
  const chain = chainOf(jwk).map((text) => Buffer.from(text, 'base64'));
  return chain.length > 0 && jwk.d === undefined ? chain : [...chain, keyOf(jwk, secrets)];
}

function parse(bytes: Uint8Array): unknown {
  requireSize(bytes, MAX_SIZE, 'JWK');
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    throw notOpened('It is no JSON: the JWK is damaged, or the store is of another type.');
  }
}

const isObject = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The certificates and keys of a JWK, or of all keys of a set that are of a kind for TLS. */
export function readJwk(bytes: Uint8Array, secrets: Secrets): Buffer[] {
  const parsed = parse(bytes);
  if (!isObject(parsed)) throw notOpened('It is JSON, but neither a JWK nor a set of them.');
  const { keys = [parsed] } = parsed as { keys?: unknown };
  if (!Array.isArray(keys) || !keys.every(isObject)) {
    throw notOpened('The "keys" of the JWK set are no list of JWKs.');
  }
  const usable = keys.filter(isForTls);
  const chained = usable.reduce((sum, jwk) => sum + chainOf(jwk).length, 0);
  requireFew(Math.max(usable.length, chained), usable.filter(({ d }) => d !== undefined).length);
  if (usable.length > 0) return usable.flatMap((jwk) => partsOf(jwk, secrets));
  throw notOpened(
    'ciphertext' in parsed
      ? 'The JWK is encrypted (JWE); decrypt it first.'
      : 'It holds no JWK of a kind for TLS ("kty" RSA, EC or OKP).',
  );
}
