// SPDX-License-Identifier: MIT
// What the server says in topics.v1.

import { Opcode, UNCOMPRESSED } from '../boundary/outbox.js';
import type { Publication } from '../bus/publication.js';
import { isJson } from './payload.js';

/** By which a client knows the answer to its request; undefined: it does not want one. */
export type Ref = string | number | undefined;

/** A publication. `to`: the pattern of the only subscription that it is for. */
export function messageOf(publication: Publication, to?: string): string {
  const { topic, kind, payload, id } = publication;
  const head = `"op":"message","topic":${JSON.stringify(topic)}`;
  const forWhom = to === undefined ? '' : `,"to":${JSON.stringify(to)}`;
  const known = id === undefined ? '' : `,"id":${JSON.stringify(id)}`;
  return `{${head}${forWhom}${known},${dataOf(kind & ~UNCOMPRESSED, payload)}}`;
}

function dataOf(opcode: number, payload: string | Uint8Array): string {
  const bytes = typeof payload === 'string' ? undefined : bufferOf(payload);
  if (opcode === Opcode.binary) {
    return `"data":"${(bytes ?? Buffer.from(`${payload}`)).toString('base64')}","encoding":"base64"`;
  }
  const text = bytes?.toString() ?? `${payload}`;
  return `"data":${isJson(text) ? text : JSON.stringify(text)}`;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Done. `id`: of what has been kept, or behind which a subscription begins. */
export const ok = (ref: Ref, id?: string): string => JSON.stringify({ op: 'ok', ref, id });

/** Not done. `code` is a documented one, `message` a sentence. */
export const failure = (ref: Ref, code: number, message: string): string =>
  JSON.stringify({ op: 'error', ref, code, message });

/** Something that was published to what `topic` fits has not come, and will not. */
export const gap = (topic: string): string => JSON.stringify({ op: 'gap', topic });
