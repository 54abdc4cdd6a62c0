// SPDX-License-Identifier: MIT
// From the numbers of a key to what the core reads. Nothing is computed or decoded here: the core
// looks at what a key is before it decodes it.

import type { Secrets } from '../../base/secrets.js';
import { DerWriter, Tag } from './der.js';
import { notOpened } from './failure.js';

/** The members of the keys of RFC 7518 §6 and RFC 8037 §2 that are numbers, or bytes. */
export const members = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y'] as const;

/** A key by the names of RFC 7517; a private one has `d`. */
export interface KeyParts extends Partial<Record<(typeof members)[number], Uint8Array>> {
  readonly kty: string;
  readonly crv?: string;
}

/** OpenSSL signs with no larger ones. */
const MAX_RSA_BYTES = 16384 / 8;

const oid = (hex: string): Buffer => Buffer.from(hex, 'hex');

const RSA_ENCRYPTION = oid('06092a864886f70d010101');
const EC_PUBLIC_KEY = oid('06072a8648ce3d0201');
const NULL = oid('0500');

/** The curves of ECDSA, and the bytes of a coordinate. */
const curves: Readonly<Record<string, { name: Buffer; size: number }>> = {
  'P-256': { name: oid('06082a8648ce3d030107'), size: 32 },
  'P-384': { name: oid('06052b81040022'), size: 48 },
  'P-521': { name: oid('06052b81040023'), size: 66 },
  secp256k1: { name: oid('06052b8104000a'), size: 32 },
};

const edwardsCurves: Readonly<Record<string, { name: Buffer; size: number }>> = {
  Ed25519: { name: oid('06032b6570'), size: 32 },
  Ed448: { name: oid('06032b6571'), size: 57 },
};

/** Whether TLS has a use for keys of this kind. */
export function isForTls({ kty, crv = '' }: { kty?: unknown; crv?: unknown }): boolean {
  return kty === 'RSA' || kty === 'EC' || (kty === 'OKP' && !/^X(25519|448)$/.test(`${crv}`));
}

/** Undefined when `parts` are not those of a key. */
function encoded(parts: KeyParts, der: DerWriter): Buffer | undefined {
  if (parts.kty === 'RSA') return encodedRsa(parts, der);
  const known = parts.kty === 'EC' ? curves : edwardsCurves;
  const { crv = '', x, y, d } = parts;
  const curve = Object.hasOwn(known, crv) ? known[crv] : undefined;
  if (curve === undefined || x?.length !== curve.size) return undefined;
  const { name, size } = curve;
  if (d !== undefined && d.length > size) return undefined;
  if (parts.kty === 'OKP') {
    if (d === undefined) return der.sequence(der.sequence(name), der.bits(x));
    // RFC 8410 §7.
    const zero = der.integer(Buffer.alloc(1));
    return d.length === size
      ? der.sequence(zero, der.sequence(name), der.octets(der.octets(d)))
      : undefined;
  }
  if (y?.length !== size) return undefined;
  const point = der.bits(Buffer.of(4), x, y);
  if (d === undefined) return der.sequence(der.sequence(EC_PUBLIC_KEY, name), point);
  // RFC 5915 §3.
  const secret = der.element(Tag.octetString, Buffer.alloc(size - d.length), d);
  const one = der.integer(Buffer.of(1));
  const parameters = der.element(Tag.context0, name);
  return der.sequence(one, secret, parameters, der.element(Tag.context1, point));
}

function encodedRsa({ n, e, d, p, q, dp, dq, qi }: KeyParts, der: DerWriter): Buffer | undefined {
  if (!n || !e) return undefined;
  if (d === undefined) {
    const key = der.sequence(der.integer(n), der.integer(e));
    return der.sequence(der.sequence(RSA_ENCRYPTION, NULL), der.bits(key));
  }
  if (!p || !q || !dp || !dq || !qi) return undefined;
  // RFC 8017 §A.1.2.
  const numbers = [Buffer.alloc(1), n, e, d, p, q, dp, dq, qi];
  return der.sequence(...numbers.map((number) => der.integer(number)));
}

/**
 * DER of the key: PKCS#1, SEC 1 or PKCS#8 of a private one, SubjectPublicKeyInfo of a public one.
 * @throws 271 when it is none; `what` is where it stands
 */
export function derOf(parts: KeyParts, what: string, secrets: Secrets): Buffer {
  // With a zero before it, as some write it.
  if (members.some((name) => (parts[name]?.length ?? 0) > MAX_RSA_BYTES + 1)) {
    throw notOpened('The RSA key has more than the 16384 bits that OpenSSL can sign with.');
  }
  const key = encoded(parts, new DerWriter(secrets));
  if (key !== undefined) return key;
  throw notOpened(`The key of the ${what} is damaged, lacks a part, or is of an unknown kind.`);
}
