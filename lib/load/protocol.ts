// SPDX-License-Identifier: MIT
// What the parent of the load generator and its worker processes say to each other.

import type { LoadPlan, LoadSnapshot } from '../boundary/native_load.js';
import type { Usage } from './usage.js';

/** What the parent says. */
export type Order =
  | {
      readonly kind: 'plan';
      readonly plan: LoadPlan;
      readonly warmupMs: number;
      readonly durationMs: number;
      /** The server's, if this worker is to measure it. */
      readonly pid: number | undefined;
    }
  /** All workers have connected: on with the messages. */
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' };

/** A moment: what has been counted and used until then. */
export interface Moment {
  readonly ms: number;
  readonly counted: LoadSnapshot;
  /** CPU time of this process. */
  readonly ownCpuUs: number;
  readonly server: Usage | undefined;
}

/** What a worker says. */
export type Report =
  | { readonly kind: 'progress'; readonly phase: Phase; readonly moment: Moment }
  | {
      readonly kind: 'result';
      /** Before the first connection. */
      readonly began: Moment;
      /** When the connections had been tried; undefined if it was stopped before. */
      readonly connected: Moment | undefined;
      /** When the warm-up was over; undefined if it was stopped before. */
      readonly begin: Moment | undefined;
      readonly end: Moment;
      readonly latencies: Float64Array;
      readonly connectTimes: Float64Array;
      readonly residentBytes: number;
    }
  | { readonly kind: 'error'; readonly message: string };

export type Phase = 'connecting' | 'connected' | 'warmup' | 'measuring';
