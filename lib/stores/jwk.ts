// SPDX-License-Identifier: MIT
// JSON Web Keys and sets of them (RFC 7517).

import type { JsonWebKey } from 'node:crypto';
import { notOpened, requireFew } from './failure.js';
import { derOf } from './keys.js';

/** A member that is a list of certificates in Base64 (RFC 7517 §4.7). */
function chainOf({ x5c }: JsonWebKey): Buffer[] {
  if (x5c === undefined) return [];
  if (!Array.isArray(x5c) || !x5c.every((item) => typeof item === 'string')) {
    throw notOpened('The "x5c" of the JWK is no list of certificates in Base64.');
  }
  return x5c.map((text: string) => Buffer.from(text, 'base64'));
}

/** With certificates a public key says nothing that they do not say. */
function partsOf(jwk: JsonWebKey): Buffer[] {
  const chain = chainOf(jwk);
  return chain.length > 0 && jwk.d === undefined ? chain : [...chain, derOf(jwk, 'JWK')];
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw notOpened('It is no JSON: the JWK is damaged, or the store is of another type.');
  }
}

const isObject = (value: unknown): value is JsonWebKey & { keys?: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The certificates and keys of a JWK, or of all keys of a set that are of a kind for TLS. */
export function readJwk(bytes: Uint8Array): Buffer[] {
  const parsed = parse(bytes);
  if (!isObject(parsed)) throw notOpened('It is JSON, but neither a JWK nor a set of them.');
  const { keys = [parsed] } = parsed;
  if (!Array.isArray(keys) || !keys.every(isObject)) {
    throw notOpened('The "keys" of the JWK set are no list of JWKs.');
  }
  const usable = (keys as JsonWebKey[]).filter(({ kty = '' }) =>
    ['RSA', 'EC', 'OKP'].includes(kty),
  );
  requireFew(usable.length);
  if (usable.length > 0) return usable.flatMap(partsOf);
  throw notOpened(
    'ciphertext' in parsed
      ? 'The JWK is encrypted (JWE); decrypt it first.'
      : 'It holds no JWK of a kind for TLS ("kty" RSA, EC or OKP).',
  );
}
