// SPDX-License-Identifier: MIT

import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { WSServerError } from '../../base/errors.js';

/** What a history needs of the bus that it belongs to. */
export interface Wire {
  /** One of our subjects as that of NATS; one of NATS as ours, undefined: it is none. */
  outside(subject: string): string;
  inside(subject: string): string | undefined;
  /** Says in headers what a payload is; reads it, 0: nobody can say. */
  writeKind(headers: MsgHdrs, kind: number): void;
  readKind(message: Msg): number;
  tell(trouble: WSServerError): void;
}

/** A message of a stream. */
export interface KeptMessage {
  /** Where it is in the stream, from 1. */
  readonly sequence: number;
  readonly topic: string;
  /** An opcode, perhaps with UNCOMPRESSED; 0: nobody can say. */
  readonly kind: number;
  readonly payload: Uint8Array;
  /** By which its sender tells it; empty: it has none. */
  readonly tag: string;
}

/** By what JetStream tells a message that it has had already. */
export const TAG = 'Nats-Msg-Id';
const KEPT = 'kept.';

/** Our subject of what is to be kept of a topic, or a pattern of them. */
export function keptSubjectOf(topic: string): string {
  return KEPT + topic;
}

/** Where a message that a reader gives is: in the stream, and among those of the reader, from 1. */
export function placeOf({ reply = '' }: Msg): {
  readonly sequence: number;
  readonly count: number;
} {
  // $JS.ACK.STREAM.READER.TIMES.SEQUENCE.COUNT.TIME.PENDING; NATS may have a domain and an account
  // before STREAM, and more at the end.
  const tokens = reply.split('.');
  const at = tokens.length > 9 ? 7 : 5;
  return { sequence: Number(tokens[at]), count: Number(tokens[at + 1]) };
}

/** A message that a reader gives. */
export function readStored(wire: Wire, message: Msg, sequence: number): KeptMessage {
  const topic = wire.inside(message.subject)?.slice(KEPT.length) ?? '';
  const { data: payload } = message;
  try {
    const tag = message.headers?.get(TAG) ?? '';
    return { sequence, topic, kind: wire.readKind(message), payload, tag };
  } catch {
    // Headers that cannot be read.
    return { sequence, topic, kind: 0, payload, tag: '' };
  }
}
