// SPDX-License-Identifier: MIT

import type { Publication } from './publication.js';

/** What has been published, for those who were not there. */
export interface History {
  /** Whether there is a history of what `topic` fits. */
  keeps(topic: string): boolean;
  /**
   * Keeps it; fulfilled with its id when it is kept. It comes to the own clients as to all others',
   * with its id, by deliver.
   */
  publish(topic: string, kind: number, payload: Uint8Array): Promise<string>;
  /**
   * Gives what came after `since`, in order, to `take`, then calls `joined` in the very turn from
   * which on the live messages have all that comes later; no doubles, no gaps. Fulfilled with
   * whether what is missing in between is not kept any more. Bounded. `signal` ends it (the
   * connection has gone).
   */
  resume(
    pattern: string,
    since: string,
    take: (publication: Publication) => void,
    joined: () => void,
    signal: AbortSignal,
  ): Promise<{ gap: boolean }>;
}
