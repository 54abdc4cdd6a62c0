// SPDX-License-Identifier: MIT
// From JSON Web Keys to what the core reads.

import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import { notOpened } from './failure.js';

/** The members of the keys of RFC 7518 §6 and RFC 8037 §2; all are texts. */
const members = ['kty', 'crv', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y'] as const;

/** Digits of base64url for 16384 bits and a zero. */
const MAX_MODULUS = Math.ceil(((16384 / 8 + 1) * 4) / 3);

/**
 * DER of the key: PKCS#8 of a private one, SubjectPublicKeyInfo of a public one.
 * @throws 271 when it is none; `what` is where it stands
 */
export function derOf(jwk: JsonWebKey, what: string): Buffer {
  const key: Partial<Record<(typeof members)[number], string>> = {};
  for (const name of members) {
    const value: unknown = jwk[name];
    // Node's own message would cite the value.
    if (value !== undefined && typeof value !== 'string') {
      throw notOpened(`The key of the ${what} is damaged: "${name}" is no text.`);
    }
    if (value !== undefined) key[name] = value;
  }
  if ((key.n?.length ?? 0) > MAX_MODULUS) {
    throw notOpened('The RSA key has more than the 16384 bits that OpenSSL can sign with.');
  }
  try {
    return 'd' in key
      ? createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' })
      : createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  } catch {
    throw notOpened(`The key of the ${what} is damaged, lacks a part, or is of an unknown kind.`);
  }
}
