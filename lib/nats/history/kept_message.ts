// SPDX-License-Identifier: MIT

import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { WSServerError } from '../../base/errors.js';
import { topicOf } from '../../bus/message.js';

/** What a history needs of the bus that it belongs to. */
export interface Wire {
  /** One of our subjects as that of NATS; one of NATS as ours, undefined: it is none. */
  outside(subject: string): string;
  inside(subject: string): string | undefined;
  /** Says in headers what a payload is, and reads it; 0: nobody can say. */
  writeKind(headers: MsgHdrs, kind: number): void;
  readKind(headers: MsgHdrs | undefined, payload: Uint8Array): number;
  /** Has NATS bring what is published to a pattern of topics; what is returned ends that. */
  bring(pattern: string): () => void;
  /** Whether NATS brings a topic. */
  brings(topic: string): boolean;
  /** The patterns of topics that it brings. */
  brought(): string[];
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

/** What JetStream calls a message that it has had already. */
export const TAG = 'Nats-Msg-Id';
const SEQUENCE = 'Nats-Sequence';
const STREAM = 'Nats-Stream';
const KEPT = 'kept.';

/** Our subject of what is to be kept of a topic, or a pattern of them. */
export function keptSubjectOf(topic: string): string {
  return KEPT + topic;
}

function readAs(wire: Wire, message: Msg, sequence: number, topic: string): KeptMessage {
  const { headers, data: payload } = message;
  const kind = wire.readKind(headers, payload);
  return { sequence, topic, kind, payload, tag: headers?.get(TAG) ?? '' };
}

/** One that has been read from a stream. */
export function readStored(wire: Wire, message: Msg, sequence: number): KeptMessage {
  const topic = wire.inside(message.subject)?.slice(KEPT.length) ?? '';
  return readAs(wire, message, sequence, topic);
}

/** One that has come live, with the name of its stream; undefined: it has not been kept. */
export function readLive(
  wire: Wire,
  message: Msg,
): { readonly stream: string; readonly message: KeptMessage } | undefined {
  const stream = message.headers?.get(STREAM) ?? '';
  if (stream === '') return undefined;
  const sequence = Number(message.headers?.get(SEQUENCE));
  const topic = topicOf(wire.inside(message.subject) ?? '');
  if (!Number.isSafeInteger(sequence) || sequence < 1 || topic === undefined) return undefined;
  return { stream, message: readAs(wire, message, sequence, topic) };
}
