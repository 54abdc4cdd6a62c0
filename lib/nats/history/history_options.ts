// SPDX-License-Identifier: MIT

import { createHash } from 'node:crypto';
import type { StreamConfig } from '@nats-io/jetstream';
import { checkNames, errors } from '../../base/errors.js';
import { overlap } from '../../base/patterns.js';
import type { Frame } from '../../bus/publication.js';
import { keptSubjectOf, type Wire } from './kept_message.js';

/** What is kept of the topics that fit a pattern. What goes beyond a limit is the oldest. */
export interface HistoryLimits {
  /** How long, in seconds: 1 to 3,153,600,000. */
  maxAge?: number;
  /** How many messages, of all its topics together. */
  maxMessages?: number;
  /** How many bytes NATS may store for them. */
  maxBytes?: number;
  /**
   * On how many servers of the cluster of NATS: 1 to 5.
   * @defaultValue 1
   */
  replicas?: number;
  /**
   * What clients are sent of a kept message: so that they learn its id.
   * @defaultValue its data alone
   */
  frame?: Frame;
}

/** By pattern. No topic may fit two. */
export type HistoryOptions = Readonly<Record<string, HistoryLimits>>;

const TOKENS = /^[^\s.]+(\.[^\s.]+)*$/;
const MOST_AGE_S = 3_153_600_000;
const SECOND_NS = 1e9;
/** NATS knows for so long what it has had already, in seconds. */
const DUPLICATES_S = 120;

const isCount = (value: number | undefined, most: number): boolean =>
  value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most);

const LIMITS = ['maxAge', 'maxMessages', 'maxBytes', 'replicas', 'frame'];

/** @throws {@link WSServerError} 10022 for what cannot be */
export function checkHistory(history: HistoryOptions): void {
  if (typeof history !== 'object' || history === null || Array.isArray(history)) {
    throw errors.invalidArgument("history has limits by pattern: { 'chat.>': { maxAge: 3600 } }.");
  }
  const patterns = Object.keys(history);
  for (const [pattern, limits] of Object.entries(history)) {
    checkNames(limits, `The history of ${pattern}`, LIMITS);
    const { maxAge, maxMessages, maxBytes, replicas, frame } = limits;
    const tokens = pattern.split('.');
    if (!TOKENS.test(pattern) || tokens.slice(0, -1).includes('>')) {
      throw errors.invalidArgument(`“${pattern}” is no pattern of topics that could be kept.`);
    }
    if (maxAge === undefined && maxMessages === undefined && maxBytes === undefined) {
      throw errors.invalidArgument(
        `The history of ${pattern} is to have an end: give maxAge, maxMessages or maxBytes.`,
      );
    }
    const most = Number.MAX_SAFE_INTEGER;
    const rows: readonly [string, boolean, string][] = [
      ['maxAge', isCount(maxAge, MOST_AGE_S), `seconds, 1 to ${MOST_AGE_S}`],
      ['maxMessages', isCount(maxMessages, most), 'a number from 1'],
      ['maxBytes', isCount(maxBytes, most), 'a number from 1'],
      ['replicas', isCount(replicas, 5), 'a number from 1 to 5'],
      ['frame', frame === undefined || typeof frame === 'function', 'a function'],
    ];
    for (const [name, isRight, what] of rows) {
      if (!isRight)
        throw errors.invalidArgument(`${name} of the history of ${pattern} is ${what}.`);
    }
    const other = patterns.find((one) => one !== pattern && overlap(one, pattern));
    if (other !== undefined) {
      throw errors.invalidArgument(`A topic may fit both ${pattern} and ${other}: keep it once.`);
    }
  }
}

/** What JetStream calls the stream of a pattern: the same on all nodes, and for no other pattern. */
function streamName(subject: string): string {
  const readable = subject.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 64);
  return `${readable}-${createHash('sha256').update(subject).digest('hex').slice(0, 12)}`;
}

/** The stream of a pattern. */
export function streamConfig(
  wire: Wire,
  pattern: string,
  { maxAge, maxMessages, maxBytes, replicas }: HistoryLimits,
): Partial<StreamConfig> & { readonly name: string } {
  const subject = wire.outside(keptSubjectOf(pattern));
  return {
    name: streamName(subject),
    description: 'The history of native-wsserver',
    subjects: [subject],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    max_age: (maxAge ?? 0) * SECOND_NS,
    max_msgs: maxMessages ?? -1,
    max_bytes: maxBytes ?? -1,
    num_replicas: replicas ?? 1,
    duplicate_window: Math.min(DUPLICATES_S, maxAge ?? DUPLICATES_S) * SECOND_NS,
  };
}
