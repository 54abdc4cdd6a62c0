// SPDX-License-Identifier: MIT
// Keys as SSH writes them (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4), as JSON Web Keys.

import type { JsonWebKey } from 'node:crypto';
import type { ByteReader } from './byte_reader.js';
import { notOpened } from './failure.js';

/** The curves of `ecdsa-sha2-`, and the bytes of a coordinate. */
const ecdsaCurves: Readonly<Record<string, { crv: string; size: number }>> = {
  nistp256: { crv: 'P-256', size: 32 },
  nistp384: { crv: 'P-384', size: 48 },
  nistp521: { crv: 'P-521', size: 66 },
};

const edwardsCurves: Readonly<Record<string, { crv: string; size: number }>> = {
  'ssh-ed25519': { crv: 'Ed25519', size: 32 },
  'ssh-ed448': { crv: 'Ed448', size: 57 },
};

/** OpenSSL signs with no larger ones. */
const MAX_RSA_BYTES = 16384 / 8;

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** `bytes` as a number of exactly `size` bytes, as JWK wants coordinates and secrets. */
function padded(bytes: Buffer, size: number): string {
  const digits = bytes.subarray(Math.max(0, bytes.length - size));
  return base64url(Buffer.concat([Buffer.alloc(size - digits.length), digits]));
}

const numberOf = (bytes: Buffer): bigint => BigInt(`0x0${bytes.toString('hex')}`);

function base64urlOf(number: bigint): string {
  const digits = number.toString(16);
  return base64url(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

/** The public key that follows its algorithm's name. */
export function readPublicKey(blob: ByteReader): JsonWebKey {
  const algorithm = blob.sized().toString('latin1');
  if (algorithm === 'ssh-rsa') {
    const e = base64url(blob.sized());
    return { kty: 'RSA', e, n: base64url(blob.sized()) };
  }
  const edwards = Object.hasOwn(edwardsCurves, algorithm) ? edwardsCurves[algorithm] : undefined;
  if (edwards) return { kty: 'OKP', crv: edwards.crv, x: base64url(blob.sized()) };
  const ecdsa = ecdsaCurves[algorithm.replace(/^ecdsa-sha2-/, '')];
  if (!ecdsa || !algorithm.startsWith('ecdsa-')) {
    throw notOpened(
      'The SSH key is of a kind that TLS does not know; give one of RSA, ECDSA, Ed25519 or Ed448.',
    );
  }
  blob.sized(); // The name of the curve once more.
  const point = blob.sized();
  if (point[0] !== 4 || point.length !== 1 + 2 * ecdsa.size) {
    throw notOpened('The SSH key is damaged: its point is not one of the curve.');
  }
  const [x, y] = [point.subarray(1, 1 + ecdsa.size), point.subarray(1 + ecdsa.size)];
  return { kty: 'EC', crv: ecdsa.crv, x: base64url(x), y: base64url(y) };
}

/** The private key to `publicKey`, as PuTTY writes it. */
export function readPrivateKey(publicKey: JsonWebKey, blob: ByteReader): JsonWebKey {
  if (publicKey.kty === 'RSA') {
    const [d, p, q, qi] = [blob.sized(), blob.sized(), blob.sized(), blob.sized()];
    if ([d, p, q].some(({ length }) => length > MAX_RSA_BYTES + 1)) {
      throw notOpened('The RSA key has more than 16384 bits.');
    }
    const exponent = numberOf(d);
    const [dp, dq] = [p, q].map((prime) => {
      const order = numberOf(prime) - 1n;
      return base64urlOf(order > 0n ? exponent % order : 0n);
    });
    const names = ['d', 'p', 'q', 'dp', 'dq', 'qi'];
    const numbers = [base64url(d), base64url(p), base64url(q), dp, dq, base64url(qi)];
    return { ...publicKey, ...Object.fromEntries(names.map((name, i) => [name, numbers[i]])) };
  }
  const curves = publicKey.kty === 'EC' ? ecdsaCurves : edwardsCurves;
  const size = Object.values(curves).find(({ crv }) => crv === publicKey.crv)?.size ?? 0;
  return { ...publicKey, d: padded(blob.sized(), size) };
}
