// Compressed messages as a client sends them (RFC 7692 §7.2.1), for rows to be made of.

import { createHash } from 'node:crypto';
import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { characters, fragments, hex, type Maker, sent } from './row.js';

/** A message as RFC 7692 §7.2.1 has it compressed. */
export function deflate(message: Uint8Array | string, options?: ZlibOptions): Buffer {
  const flushed = deflateRawSync(message, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
  return flushed.subarray(0, -4);
}

/** The same, with the end that is left out of the last block of a message only. */
export function flushed(part: Uint8Array): Buffer {
  return Buffer.concat([deflate(part), hex('0000ffff')]);
}

/** The bit of a compressed message's first frame. */
export const rsv1 = { rsv: 4 };

/** A message in one compressed frame. */
export function packed(maker: Maker, message: Uint8Array | string, options?: ZlibOptions): Buffer {
  return maker(deflate(message, options), rsv1);
}

/** Payloads that are a compressed message together: the bit is set in the first frame only. */
export function packedFragments(
  maker: Maker,
  payloads: readonly (Uint8Array | string)[],
): Buffer[] {
  return fragments((payload, fields) => maker(payload, { ...fields, ...rsv1 }), payloads);
}

/** The payload of "Hello" in RFC 7692 §7.2.3.1. */
export const packedHello = hex('f248cdc9c90700');

/** A text that the server finds worth compressing, and its echo. */
export const long = characters(3000);
export const longBack = sent.text(long, rsv1);

/** Bytes in which deflate finds nothing to save. */
export const noise = createHash('shake256', { outputLength: 10_000 }).digest();

/** The line with which a client offers compression. */
export function offer(parameters = ''): string[] {
  return [`Sec-WebSocket-Extensions: permessage-deflate${parameters}`];
}
