// SPDX-License-Identifier: MIT

import { bytesOf, isUint8Array } from '../base/bytes.js';
import { errors } from '../base/errors.js';
import { throwLater } from '../base/uncaught.js';
import { Opcode, UNCOMPRESSED } from '../boundary/outbox.js';
import type { Publication } from '../bus/publication.js';

/** What clients are sent: an opcode, perhaps with UNCOMPRESSED, and what it is of. */
export interface Framed {
  readonly kind: number;
  readonly data: string | Uint8Array;
}

/**
 * What clients are sent of a publication. Throws what its frame throws.
 * @throws {@link WSServerError} 10022 when its frame returns no data
 */
function framed({ topic, kind, payload, id, frame }: Publication): Framed {
  if (frame === undefined || id === undefined) return { kind, data: payload };
  const isText = (kind & ~UNCOMPRESSED) === Opcode.text;
  const data = isText && typeof payload !== 'string' ? Buffer.from(payload).toString() : payload;
  const made: unknown = frame({ topic, id, data });
  const bytes = typeof made === 'string' || isUint8Array(made) ? made : bytesOf(made);
  if (bytes === undefined) {
    throw errors.invalidArgument('frame is to return a string, Buffer, TypedArray or ArrayBuffer.');
  }
  const opcode = typeof bytes === 'string' ? Opcode.text : Opcode.binary;
  return { kind: opcode | (kind & UNCOMPRESSED), data: bytes };
}

/** What clients are sent of a publication; undefined: its frame has thrown, which is thrown later. */
export function attemptFrame(publication: Publication): Framed | undefined {
  try {
    return framed(publication);
  } catch (error) {
    throwLater(error);
    return undefined;
  }
}
