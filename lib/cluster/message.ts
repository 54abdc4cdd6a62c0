// SPDX-License-Identifier: MIT
// What nodes say to each other: a line of JSON, which says what it is, and behind it bytes.

import { errors } from '../base/errors.js';
import { addon } from '../boundary/native.js';

/** The subject of what is for all nodes. */
export const ALL_NODES = 'nodes';

/** The subject of what is for one node. */
export function inboxOf(nodeId: string): string {
  return `node.${nodeId}`;
}

/** Says that it is there, to all and to one, or that it goes. */
type Greeting = { readonly kind: 'hello' | 'here' | 'bye' };
export type Question =
  /** Behind it is the message. */
  | { readonly kind: 'send'; readonly uid: string; readonly binary: boolean }
  | {
      readonly kind: 'disconnect';
      readonly uid: string;
      readonly code?: number | undefined;
      readonly reason?: string | undefined;
    }
  | { readonly kind: 'count' }
  | { readonly kind: 'presence'; readonly topic: string; readonly most: number };
/** What can be counted of a node. */
export interface Counts {
  /** Clients that are connected. */
  readonly connections: number;
  /** Those of them that are subscribed to something. */
  readonly subscribers: number;
  /** Topics and patterns that somebody is subscribed to. */
  readonly topics: number;
}
/** Who is subscribed at a node: how many, and the first of them. */
export interface Present {
  readonly count: number;
  readonly members: readonly { readonly uid: string; readonly info?: unknown }[];
}
export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: number; readonly message: string }
  | ({ readonly kind: 'counted' } & Counts)
  | ({ readonly kind: 'present' } & Present);

/** Questions and answers have a number, by which the one that asks knows them. */
export type Said = Greeting | ((Question | Answer) & { readonly number: number });
/** The same, with the node that says it. */
export type Heard = Said & { readonly from: string };

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isCode: Check = (value) => addon.errorTable.some(({ code }) => code === value);
const isNodeId: Check = (value) => typeof value === 'string' && /^[0-9a-f]{1,16}$/.test(value);
const isMember: Check = (value) => isText((value as { uid?: unknown } | null)?.uid);
const areMembers: Check = (value) => Array.isArray(value) && value.every(isMember);
const perhaps =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** What each kind has, beside its kind and where it is from. */
const forms: Readonly<Record<Said['kind'], Readonly<Record<string, Check>>>> = {
  hello: {},
  here: {},
  bye: {},
  send: { number: isCount, uid: isText, binary: isFlag },
  disconnect: { number: isCount, uid: isText, code: perhaps(isCount), reason: perhaps(isText) },
  count: { number: isCount },
  presence: { number: isCount, topic: isText, most: isCount },
  done: { number: isCount },
  failed: { number: isCount, code: isCode, message: isText },
  counted: { number: isCount, connections: isCount, subscribers: isCount, topics: isCount },
  present: { number: isCount, count: isCount, members: areMembers },
};

/** What is to be sent, and the members of a topic, have no more beside them, in bytes. */
export const MOST_BESIDE = 512;
const NONE = new Uint8Array();
const LINE_END = 10;

export function encode(from: string, said: Said, bytes: Uint8Array = NONE): Uint8Array {
  const line = Buffer.from(`${JSON.stringify({ ...said, from })}\n`);
  const message = Buffer.allocUnsafeSlow(line.length + bytes.length);
  message.set(line);
  message.set(bytes, line.length);
  return message;
}

/**
 * `bytes` as what a node has said, with a view of what is behind it.
 * @throws {@link WSServerError} 10022 when no node says such a thing
 */
export function decode(bytes: Uint8Array): { heard: Heard; bytes: Uint8Array } {
  const end = bytes.indexOf(LINE_END);
  const heard = parse(bytes.subarray(0, Math.max(end, 0)));
  if (!isHeard(heard)) {
    throw errors.invalidArgument(
      'What the bus has brought for the nodes of a cluster is none of their messages: ' +
        `"${visible(bytes.subarray(0, 64))}".`,
    );
  }
  return { heard, bytes: bytes.subarray(end + 1) };
}

/** Bytes as letters, with dots for what would not be seen, or not stay where it is. */
function visible(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '.');
}

/** What JSON stands for; undefined for what is none. */
function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json).toString());
  } catch {
    return undefined;
  }
}

function isHeard(value: unknown): value is Heard {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  const { kind, from } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(forms, kind) || !isNodeId(from)) return false;
  const form = forms[kind as Said['kind']];
  return Object.entries(form).every(([name, check]) => check(fields[name]));
}
