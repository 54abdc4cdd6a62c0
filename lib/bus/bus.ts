// SPDX-License-Identifier: MIT

import type { WSServerError } from '../base/errors.js';
import type { History } from './history.js';

/**
 * What brings messages from one server to others: of other processes, threads or machines.
 *
 * A subject is tokens that dots separate. The subject of a subscription may have wildcards, as a
 * topic's: `*` is any one token, `>` as the last one stands for one or more.
 *
 * A message reaches each bus that has subscribed to its subject before it was published, at most
 * once, and not the one that has published it. The messages of one bus keep their order. What does
 * not get through is not sent again: it is counted in {@link lost}.
 */
export interface Bus {
  /** Sends `bytes`, which must stay as they are from then on, to the others. */
  publish(subject: string, bytes: Uint8Array): void;
  /**
   * Has `handler` called with what others publish to `subject`. A message that two subscriptions
   * match comes to each handler once. What is returned ends the subscription.
   */
  subscribe(subject: string, handler: BusHandler): () => void;
  /** How many messages of this bus could not be sent, for the way was full or gone. */
  readonly lost: number;
  /** Ends all subscriptions, and publishes no more. */
  close(): void;
  /** Whether what is published gets away at the moment; undefined: always. */
  readonly connected?: boolean;
  /** The most bytes that a payload may have; undefined: there is no such limit, or nobody knows it yet. */
  readonly maxPayload?: number | undefined;
  /** What keeps publications; undefined: nothing does. */
  readonly history?: History | undefined;
  /** Fulfilled when it is connected with the others, rejected when it cannot be. */
  ready?(): Promise<void>;
  /**
   * Has `listener` told what is wrong: that the way to the others has gone, or that they do not want
   * what is sent. What is returned ends that.
   */
  watch?(listener: (trouble: WSServerError) => void): () => void;
}

/** Takes a message. `bytes` are its own from then on. */
export type BusHandler = (subject: string, bytes: Uint8Array) => void;
