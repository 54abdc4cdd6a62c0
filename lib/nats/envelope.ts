// SPDX-License-Identifier: MIT
// What a message has on NATS beside its payload: headers.

import { isUtf8 } from 'node:buffer';
import type * as Client from '@nats-io/transport-node';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
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
/** The lines of each kind; 0 is none of a topic. */
const kindLines = new Map([[0, '']]);
for (const [name, opcode] of TYPES) {
  kindLines.set(opcode, `${TYPE}: ${name}\r\n`);
  kindLines.set(opcode | UNCOMPRESSED, `${TYPE}: ${name}\r\n${COMPRESS}: no\r\n`);
}
const linesToKind = new Map([...kindLines].map(([kind, lines]) => [lines, kind]));

/** The most bytes that our headers need. */
export const MOST_HEADERS = 128;
const OURS = /^NATS\/1\.0\r\n((?:Wss-[TC]\w+: \w+\r\n)*)Wss-Id: ([\w-]{1,32})\.(\d{1,15})\r\n\r\n$/;

/** What the headers of a message say. */
export interface Envelope {
  /** An opcode, perhaps with UNCOMPRESSED; 0: nobody can say. Of a topic only. */
  readonly kind: number;
  /** Who has sent it, since when it is connected; empty: another program, which does not say. */
  readonly sender: string;
  /** Grows with each message of one sender, from 1. */
  readonly number: number;
}

/** Makes our headers: those of the client would cost as much as all else that it does for a message. */
export function envelopes(client: typeof Client): (envelope: Envelope) => MsgHdrs {
  class Written extends client.MsgHdrsImpl {
    readonly #bytes: Uint8Array;

    constructor({ kind, sender, number }: Envelope) {
      super();
      this.#bytes = Buffer.from(
        `NATS/1.0\r\n${kindLines.get(kind)}${ID}: ${sender}.${number}\r\n\r\n`,
        'latin1',
      );
    }

    override encode(): Uint8Array {
      return this.#bytes;
    }
  }
  return (envelope) => new Written(envelope);
}

/** Those of the client's fields that are not public: its own way to read headers is slow. */
interface Raw {
  readonly _rdata?: Uint8Array;
  readonly _msg?: { readonly hdr: number };
}

/** Reads the headers of a message. Throws what the client throws when they are none. */
export function readEnvelope(message: Msg): Envelope {
  const { _rdata: bytes, _msg: { hdr = 0 } = {} } = message as unknown as Raw;
  if (bytes !== undefined && hdr > 0 && hdr <= MOST_HEADERS) {
    const text = Buffer.prototype.latin1Slice.call(bytes, 0, hdr);
    const [, lines = '', sender = '', number] = OURS.exec(text) ?? [];
    const kind = linesToKind.get(lines);
    if (sender !== '' && kind !== undefined) return { kind, sender, number: Number(number) };
  }
  return readForeign(message.headers, message.data);
}

/** Those of other programs. */
function readForeign(headers: MsgHdrs | undefined, payload: Uint8Array): Envelope {
  const get = (name: string): string => headers?.get(name) ?? '';
  const guessed = isUtf8(payload) ? 'text' : 'binary';
  const opcode = TYPES.get(get(TYPE) || guessed) ?? 0;
  const flag = opcode > 0 && get(COMPRESS) === 'no' ? UNCOMPRESSED : 0;
  const [, sender = '', number] = /^([\w-]{1,32})\.(\d{1,15})$/.exec(get(ID)) ?? [];
  return { kind: opcode | flag, sender, number: Number(number) };
}
