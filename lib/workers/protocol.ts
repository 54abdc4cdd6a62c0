// SPDX-License-Identifier: MIT
// What a parent and its workers say to each other, beside the bus.

import type { Statistics } from '../boundary/native.js';
import type { BusOrder } from '../bus/channel.js';

/** Handed over in the environment: which worker it is, and its descriptors that listen. */
export interface Assignment {
  readonly id: number;
  readonly descriptors: readonly number[];
}

/** What one worker has counted. */
export interface WorkerCounts extends Statistics {
  readonly residentBytes: number;
}

export type ToWorker =
  | { readonly kind: 'count'; readonly token: number }
  /** Accept no more, and end when the clients have left, or after so long, in ms. */
  | { readonly kind: 'drain'; readonly drainMs: number }
  | BusOrder;

export type ToParent =
  /** It accepts clients. */
  | { readonly kind: 'listening' }
  /** It has closed the last of them. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'counted'; readonly token: number; readonly counts: WorkerCounts }
  | BusOrder;
