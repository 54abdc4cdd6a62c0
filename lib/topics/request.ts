// SPDX-License-Identifier: MIT
// What clients say in topics.v1.

import { errors } from '../base/errors.js';
import type { Ref } from './envelope.js';
import { textOf } from './payload.js';

interface Asked<Op extends string> {
  readonly op: Op;
  readonly ref: Ref;
}

export interface Subscribe extends Asked<'subscribe'> {
  readonly topic: string;
  /** The id of the last message that has come; empty: not known. Undefined: nothing is missed. */
  readonly since: string | undefined;
}

export interface Publish extends Asked<'publish'> {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly keep: boolean;
}

export type Request =
  | Subscribe
  | Publish
  | (Asked<'unsubscribe'> & { readonly topic: string })
  | Asked<'ping'>;

/** What a client says, as it came: any field may be anything. */
export type Fields = Readonly<Record<string, unknown>>;

const MOST_TEXT = 255;
const MOST_REF = 64;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const mistake = errors.invalidArgument;

/** The fields of a message; undefined when it is no JSON. */
export function fieldsOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return undefined;
  }
}

/** The ref of `fields`, if it has one that can be. */
export function refOf(fields: Fields): Ref {
  const ref = own(fields, 'ref');
  if (typeof ref === 'number') return ref;
  return typeof ref === 'string' && ref.length <= MOST_REF ? ref : undefined;
}

/** @throws {@link WSServerError} 10022 with what is wrong with it */
export function requestOf(fields: Fields): Request {
  const op = own(fields, 'op');
  const ref = refOf(fields);
  if (ref === undefined && own(fields, 'ref') !== undefined) {
    throw mistake('"ref" is a number, or a string of up to 64 characters.');
  }
  if (op === 'ping') return { op, ref };
  if (op === 'unsubscribe') return { op, ref, topic: topicOf(fields) };
  if (op === 'subscribe') return { op, ref, topic: topicOf(fields), since: sinceOf(fields) };
  if (op === 'publish') {
    return { op, ref, topic: topicOf(fields), payload: payloadOf(fields), keep: keepOf(fields) };
  }
  throw mistake('"op" is "subscribe", "unsubscribe", "publish" or "ping".');
}

/** Not what an object inherits. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function topicOf(fields: Fields): string {
  const topic = own(fields, 'topic');
  if (typeof topic === 'string' && topic.length <= MOST_TEXT) return topic;
  throw mistake('"topic" is a string of up to 255 characters.');
}

function sinceOf(fields: Fields): string | undefined {
  const since = own(fields, 'since');
  if (since === undefined) return undefined;
  if (typeof since === 'string' && since.length <= MOST_TEXT) return since;
  throw mistake('"since" is the "id" of a message, or empty when there is none.');
}

function keepOf(fields: Fields): boolean {
  const keep = own(fields, 'keep');
  if (keep === undefined || typeof keep === 'boolean') return keep === true;
  throw mistake('"keep" is true or false.');
}

function payloadOf(fields: Fields): string | Uint8Array {
  const data = own(fields, 'data');
  const encoding = own(fields, 'encoding');
  if (data === undefined) throw mistake('"data" is missing: give any value of JSON.');
  if (encoding === undefined) {
    try {
      return textOf(data);
    } catch {
      throw mistake('"data" is nested too deeply.');
    }
  }
  if (encoding === 'base64' && typeof data === 'string' && BASE64.test(data)) {
    return Buffer.from(data, 'base64');
  }
  throw mistake('"encoding" is "base64", and "data" a string in it, or it is left out.');
}
