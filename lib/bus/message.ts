// SPDX-License-Identifier: MIT
// What a message of a topic looks like on a bus: a byte, its opcode and UNCOMPRESSED, and its payload.

import { isUtf8 } from 'node:buffer';
import { bytesOf } from '../base/bytes.js';
import { Opcode, UNCOMPRESSED } from '../boundary/outbox.js';

/** The subject of what is for all who are connected; that of a topic has the other before it. */
const EVERYBODY = 'everybody';
const TOPIC = 'topic.';

/** What a message may begin with: others may write to the subjects of a bus as well. */
const KINDS: readonly number[] = [Opcode.text, Opcode.binary].flatMap((opcode) => [
  opcode,
  opcode | UNCOMPRESSED,
]);

/** The subject of a topic, or a pattern of them; the empty one is everybody. */
export function subjectOf(topic: string): string {
  return topic === '' ? EVERYBODY : TOPIC + topic;
}

/** The topic of a subject; empty: everybody, undefined: it is none of a topic. */
export function topicOf(subject: string): string | undefined {
  if (subject === EVERYBODY) return '';
  return subject.startsWith(TOPIC) ? subject.slice(TOPIC.length) : undefined;
}

/** The bytes of data, a text as UTF-8. */
export function payloadOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : (bytesOf(data) ?? data);
}

/** A message, with a copy of `payload`. `kind`: an opcode, perhaps with UNCOMPRESSED. */
export function encodeMessage(kind: number, payload: Uint8Array): Uint8Array {
  const message = Buffer.allocUnsafeSlow(1 + payload.length);
  message[0] = kind;
  message.set(payload, 1);
  return message;
}

/** What it begins with; 0: it is no message. */
export function kindOf(message: Uint8Array): number {
  const kind = message[0] ?? 0;
  return KINDS.includes(kind) ? kind : 0;
}

/** The opposite of encodeMessage(): `payload` is a view. Undefined: it is no message. */
export function decodeMessage(
  message: Uint8Array,
): { readonly kind: number; readonly payload: Uint8Array } | undefined {
  const kind = kindOf(message);
  const payload = message.subarray(1);
  const isText = (kind & ~UNCOMPRESSED) === Opcode.text;
  return kind === 0 || (isText && !isUtf8(payload)) ? undefined : { kind, payload };
}
