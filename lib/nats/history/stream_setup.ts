// SPDX-License-Identifier: MIT

import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { errors, type WSServerError } from '../../base/errors.js';
import { shown } from '../../base/shown.js';

/** Numbers of errors of JetStream. */
const NAME_IN_USE = 10058;
const OVERLAP = 10065;
const NOT_ENABLED = [10039, 10076];
/** It is not ready yet, has no leader, or lacks what it needs for the moment. */
const TRANSIENT = [10008, 10009, 10023, 10077];

/** The same of the client's errors. */
const TRANSIENT_NAMES = [
  'TimeoutError',
  'RequestError',
  'JetStreamNotEnabled',
  'ClosedConnectionError',
  'DrainingConnectionError',
];

const numberOf = (error: unknown): number => Number((error as { code?: unknown }).code ?? 0);
const nameOf = (error: unknown): string => String((error as { name?: unknown }).name ?? '');

/** Whether it may go by itself. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.includes(numberOf(error)) || TRANSIENT_NAMES.includes(nameOf(error));
}

/** The stream as `config` says, which is made, or changed. */
export async function ensureStream(
  jsm: JetStreamManager,
  config: Partial<StreamConfig> & { readonly name: string },
): Promise<StreamInfo> {
  try {
    return await jsm.streams.add(config);
  } catch (error) {
    if (numberOf(error) !== NAME_IN_USE) throw error;
    return await jsm.streams.update(config.name, config);
  }
}

/** What is wrong, and what to do. */
export function streamTrouble(error: unknown, pattern: string): WSServerError {
  const options = { cause: error };
  const number = numberOf(error);
  if (nameOf(error) === 'JetStreamNotEnabled' || NOT_ENABLED.includes(number)) {
    return errors.operationNotSupported(
      'NATS keeps no history: start nats-server with -js, or configure jetstream for this account.',
      options,
    );
  }
  if (number === OVERLAP) {
    return errors.alreadyInProgress(
      `Another stream of NATS keeps topics of ${pattern} already: remove it, or take another prefix.`,
      options,
    );
  }
  return errors.operationNotSupported(
    `NATS does not keep the history of ${pattern}: ${shown(error)}`,
    options,
  );
}
