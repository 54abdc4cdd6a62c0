// SPDX-License-Identifier: MIT
// What a message has on NATS beside its payload: headers.

import { isUtf8 } from 'node:buffer';
import type { MsgHdrs } from '@nats-io/transport-node';
import { Opcode, UNCOMPRESSED } from '../boundary/outbox.js';

/** `text` or `binary`; without it what is UTF-8 is a text. */
const TYPE = 'Wss-Type';
/** `no`: it is sent to clients as it is, even if it were to be compressed. */
const COMPRESS = 'Wss-Compress';
/** The sender, a dot, and a number that grows: by that copies of a message are told. */
const ID = 'Wss-Id';

const TYPES: ReadonlyMap<string, number> = new Map([
  ['text', Opcode.text],
  ['binary', Opcode.binary],
]);
const names = new Map([...TYPES].map(([name, opcode]) => [opcode, name]));

/** The most bytes that our headers need. */
export const MOST_HEADERS = 128;

/** Says in `headers` what a payload is. `kind`: an opcode, perhaps with UNCOMPRESSED. */
export function writeKind(headers: MsgHdrs, kind: number): void {
  headers.set(TYPE, names.get(kind & ~UNCOMPRESSED) as string);
  if ((kind & UNCOMPRESSED) !== 0) headers.set(COMPRESS, 'no');
}

/** What a payload is; 0: nobody can say. */
export function readKind(headers: MsgHdrs | undefined, payload: Uint8Array): number {
  const type = headers?.get(TYPE) ?? '';
  const guessed = isUtf8(payload) ? Opcode.text : Opcode.binary;
  const opcode = type === '' ? guessed : TYPES.get(type);
  if (opcode === undefined) return 0;
  return headers?.get(COMPRESS) === 'no' ? opcode | UNCOMPRESSED : opcode;
}

/** Which message of which sender it is. */
export interface MessageId {
  readonly sender: string;
  readonly number: number;
}

export function writeId(headers: MsgHdrs, { sender, number }: MessageId): void {
  headers.set(ID, `${sender}.${number}`);
}

/** Undefined: it has none, as those of other programs. */
export function readId(headers: MsgHdrs | undefined): MessageId | undefined {
  const [, sender, number] = /^([\w-]{1,32})\.(\d{1,15})$/.exec(headers?.get(ID) ?? '') ?? [];
  return sender === undefined ? undefined : { sender, number: Number(number) };
}
