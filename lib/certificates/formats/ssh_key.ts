// SPDX-License-Identifier: MIT
// Keys as SSH writes them (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4), by the parts of JSON Web Keys.

import type { Secrets } from '../../base/secrets.js';
import type { ByteReader } from './byte_reader.js';
import { notOpened } from './failure.js';
import type { KeyParts } from './keys.js';

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

/** `bytes` as a secret of exactly `size` bytes. */
function padded(bytes: Buffer, size: number, secrets: Secrets): Buffer {
  const digits = bytes.subarray(Math.max(0, bytes.length - size));
  return secrets.joined(Buffer.alloc(size - digits.length), digits);
}

// Big integers are not wiped: JavaScript has nothing else to divide by.
const numberOf = (bytes: Buffer): bigint => BigInt(`0x0${bytes.toString('hex')}`);

function bytesOf(number: bigint, secrets: Secrets): Buffer {
  const digits = number.toString(16);
  return secrets.hold(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

/** The public key that follows its algorithm's name. */
export function readPublicKey(blob: ByteReader): KeyParts {
  const algorithm = blob.sized().toString('latin1');
  if (algorithm === 'ssh-rsa') {
    const e = blob.sized();
    return { kty: 'RSA', e, n: blob.sized() };
  }
  const edwards = Object.hasOwn(edwardsCurves, algorithm) ? edwardsCurves[algorithm] : undefined;
  if (edwards) return { kty: 'OKP', crv: edwards.crv, x: blob.sized() };
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
  return { kty: 'EC', crv: ecdsa.crv, x, y };
}

/** The private key to `publicKey`, as PuTTY writes it. */
export function readPrivateKey(publicKey: KeyParts, blob: ByteReader, secrets: Secrets): KeyParts {
  if (publicKey.kty === 'RSA') {
    const [d, p, q, qi] = [blob.sized(), blob.sized(), blob.sized(), blob.sized()];
    if ([d, p, q].some(({ length }) => length > MAX_RSA_BYTES + 1)) {
      throw notOpened('The RSA key has more than 16384 bits.');
    }
    const exponent = numberOf(d);
    const [dp, dq] = [p, q].map((prime) => {
      const order = numberOf(prime) - 1n;
      return bytesOf(order > 0n ? exponent % order : 0n, secrets);
    });
    return { ...publicKey, d, p, q, dp: dp as Buffer, dq: dq as Buffer, qi };
  }
  const curves = publicKey.kty === 'EC' ? ecdsaCurves : edwardsCurves;
  const size = Object.values(curves).find(({ crv }) => crv === publicKey.crv)?.size ?? 0;
  return { ...publicKey, d: padded(blob.sized(), size, secrets) };
}
